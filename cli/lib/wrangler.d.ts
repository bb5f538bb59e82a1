// The types of wrangler for configured-vars.mjs. Those of wrangler itself need packages that it does not install.

export interface Unstable_Config {
  userConfigPath: string | undefined;
  definedEnvironments: string[] | undefined;
  name: string | undefined;
  /** An absolute path. */
  main: string | undefined;
  account_id: string | undefined;
  build: { command?: string };
  compatibility_date: string | undefined;
  compatibility_flags: string[];
  triggers: { crons?: string[] };
  vars: Record<string, unknown>;
  kv_namespaces: { binding: string; id?: string }[];
  durable_objects: { bindings: { name: string; class_name: string; script_name?: string }[] };
  migrations: {
    new_classes?: string[];
    new_sqlite_classes?: string[];
    renamed_classes?: { from: string; to: string }[];
    transferred_classes?: { to: string }[];
    deleted_classes?: string[];
  }[];
  /** Classes by name: what other configurations have in `migrations`. */
  exports?: Record<string, unknown>;
  secrets_store_secrets: { binding: string; store_id: string; secret_name: string }[];
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
