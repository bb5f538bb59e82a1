// The types of wrangler for configured-vars.mjs. Those of wrangler itself need packages that it does not install.

export interface Unstable_Config {
  userConfigPath: string | undefined;
  definedEnvironments: string[] | undefined;
  vars: Record<string, unknown>;
  kv_namespaces: { binding: string }[];
}

export function unstable_readConfig(
  args: { config: string; env?: string | undefined },
  options: { hideWarnings: boolean },
): Unstable_Config;

/** The vars with those of .dev.vars, as bindings. */
export function unstable_getVarsForDev(
  configPath: string | undefined,
  envFiles: string[] | undefined,
  vars: Record<string, unknown>,
  env: string | undefined,
  silent: boolean,
): Record<string, { value: unknown }>;
