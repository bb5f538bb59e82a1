//! Why a setting is refused.

use crate::base::base_path::BasePathFault;
use crate::base::base_url::BaseUrlFault;
use crate::base::limits::{
    CLIENT_SECRETS_MAX, EXPIRES_IN_MAX_SECS, FEDERATED_TEXT_MAX, FIRST_BYTE_TIMEOUT_MAX_SECS,
    NAME_MAX_BYTES,
};
use crate::base::origin::OriginFault;
use crate::base::path_pattern::PatternFault;
use crate::jwt::signing::KeyFault;

/// Why a field is refused, in fixed words: what is wrong and what to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// A required field is not there.
    #[error("is missing")]
    Missing,
    /// A credential without an authorization server.
    #[error(
        "is missing, and so is any other server: issuer, resource, token_endpoint, service_account, github_app"
    )]
    NoServer,
    /// A credential with two authorization servers. It has the name of the other field.
    #[error("stands beside {0}: a credential has one server")]
    TwoServers(&'static str),
    /// A credential with two kinds of proofs. It has the name of the other field.
    #[error("stands beside {0}: a credential has one kind of proof")]
    TwoProofs(&'static str),
    /// A client without a proof.
    #[error("is missing, and so is any other proof: service_binding, jwt, mtls_sha256")]
    NoProof,
    /// The schema has no such field.
    #[error("is not a known field")]
    Unknown,
    /// The same key twice in one object.
    #[error("appears twice")]
    Duplicate,
    /// Not JSON.
    #[error("is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Another type than text.
    #[error("must be text")]
    NotText,
    /// Another type than an object.
    #[error("must be a table (JSON object)")]
    NotATable,
    /// Another type than a list.
    #[error("must be a list")]
    NotAList,
    /// Neither `true` nor `false`.
    #[error("must be true or false")]
    NotABoolean,
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Too long, or with characters outside `%x20-7E` (RFC 6749 appendix A).
    #[error(
        "must be 1 to {} printable ASCII characters without a space at either end",
        NAME_MAX_BYTES
    )]
    NotAName,
    /// The name of a credential or an API that cannot stand in a path.
    #[error("must be letters, digits, '.', '-' or '_', beginning with a letter or digit")]
    NotACredentialName,
    /// White space around a secret, most often a line break that came with a file.
    #[error(
        "must not begin or end with white space or contain control characters (a line break at the end?)"
    )]
    SecretWhiteSpace,
    /// The name of a secret binding that does not exist.
    #[error(
        "must name an existing secret binding (the name of the binding, not the secret itself)"
    )]
    NoSuchSecret,
    /// A secret in Secrets Store. It is a fault until it has been read.
    #[error("cannot be read from Secrets Store (it is read again with the next request)")]
    Unread,
    /// A longer list of secrets than [`CLIENT_SECRETS_MAX`].
    #[error(
        "must be at most {} secrets (a rotation needs two): remove those that are no longer valid",
        CLIENT_SECRETS_MAX
    )]
    TooManySecrets,
    /// Not 64 hexadecimal digits.
    #[error("must be a SHA-256 digest: 64 hexadecimal digits")]
    NotADigest,
    /// A client key in place of its digest. Everyone who can read the configuration has it now.
    #[error("is a key and not its digest: that key has to be replaced (npm run new-client)")]
    KeyItself,
    /// The digest of a word that everybody tries, or of nothing.
    #[error(
        "is the digest of a well-known word, so everybody has the key: make one with npm run new-client"
    )]
    WellKnownKey,
    /// Two clients with one client key: it would not tell which one calls.
    #[error("is already the digest of another client's key")]
    SharedDigest,
    /// Two clients with one certificate: it would not tell which one calls.
    #[error("is already listed for another client")]
    SharedCertificate,
    /// Not a value that a claim can be compared with.
    #[error("must be text, a whole number or a boolean, or a list of these; nothing empty")]
    NotAClaim,
    /// A number that JavaScript rounds.
    #[error("must be text: a number of this size loses digits before it gets here")]
    LargeNumber,
    /// A public issuer: anyone can obtain a token from it, for any audience. It has the name of a claim.
    #[error("serves everybody: also say who, in subject or in a claim that names them ({0})")]
    PublicIssuer(&'static str),
    /// An issuer of one organization at a service for many. It has the name of a claim.
    #[error(
        "serves everything in its organization: also say which, in subject or in a claim that names it ({0})"
    )]
    UnnamedProject(&'static str),
    /// What no JWT of the issuer has. It has what the issuer sends instead.
    #[error("can never match: this issuer sends {0}")]
    NeverSent(&'static str),
    /// The URL of an issuer's metadata.
    #[error(
        "names the metadata; an issuer is what stands before /.well-known, and jwks_uri is for keys"
    )]
    Metadata,
    /// `<client id>` and the like.
    #[error("is the placeholder of an example: write your own value")]
    Placeholder,
    /// Neither `jwks_uri` nor the metadata of the issuer can say where its keys are.
    #[error(
        "must be an https URL (http for loopback hosts only), or jwks_uri must say where the keys are"
    )]
    NotAnIssuer,
    /// Not a URL that keys may come from.
    #[error("must be an https URL (http for loopback hosts only)")]
    NotASecureUrl,
    /// Nothing that browsers send as `Origin`.
    #[error(
        "must be an origin such as https://app.example: no path, no *, other letters than a to z as punycode (xn--)"
    )]
    NotAnOrigin,
    /// The scope of a grant whose server knows none.
    #[error("means nothing to this server: say in the credential what its tokens may do")]
    ScopeOfNoUse,
    /// The client capability of a grant whose server knows none.
    #[error("means nothing to this server: only Entra has continuous access evaluation")]
    CapabilityOfNoUse,
    /// RFC 6749 §3.3.
    #[error("must be a scope (RFC 6749 section 3.3)")]
    NotAScope,
    /// The broker reads an entry of the registry only when its client calls.
    #[error("has keep_warm, which only clients in CLIENTS can have")]
    KeptWarmInRegistry,
    /// No API has this name.
    #[error("names an API that does not exist: APIS has none of this name (case counts)")]
    NoSuchApi,
    /// Two APIs whose names a person confuses.
    #[error("differs only in case from the name of another API: give it another name")]
    SameApiButForCase,
    /// Not a URL that paths can be added to.
    #[error(transparent)]
    Base(#[from] BaseUrlFault),
    /// The broker as an API of its own.
    #[error("is at the origin of ISSUER, which is this broker: write the URL of the API itself")]
    OwnOrigin,
    /// Not a header field that can have the token.
    #[error(
        "must be the name of a header field such as X-Api-Key, and none of the connection, the platform or a browser"
    )]
    NotAHeader,
    /// Not what can stand before the token.
    #[error("must be printable ASCII without a space in front, such as Bearer, or empty for none")]
    NotAPrefix,
    /// Not a time limit in seconds.
    #[error("must be whole seconds, from 1 to {}", FIRST_BYTE_TIMEOUT_MAX_SECS)]
    NotATimeout,
    /// A field of a token's grant in the grant of an API.
    #[error("stands beside api, whose entry in APIS says it: remove it here")]
    SaidByApi,
    /// Not a method that can be sent on.
    #[error("must be a method in capital letters such as GET, and not CONNECT, TRACE or TRACK")]
    NotAMethod,
    /// Not a pattern of paths.
    #[error(transparent)]
    Pattern(#[from] PatternFault),
    /// No credential has this name.
    #[error("names a credential that does not exist")]
    NoSuchCredential,
    /// The default credential, both in `AZ_*` and in `CREDENTIALS`.
    #[error(
        "is configured by AZ_TENANT, AZ_CLIENT_ID and AZ_CLIENT_SECRET or AZ_CLIENT_CERTIFICATE already"
    )]
    DefaultTwice,
    /// Two credentials that a request cannot tell apart.
    #[error(
        "differs only in case from the name of another credential: requests may name it in any case"
    )]
    SameButForCase,
    /// Not 32 bytes of base64.
    #[error("must be 32 bytes in base64")]
    NotAKey,
    /// A key that is in every example.
    #[error("is all zeros: make one with openssl rand -base64 32")]
    ZeroKey,
    /// Not the characters of a GUID or domain.
    #[error("must be a tenant id or a domain")]
    NotATenant,
    /// A name for any tenant. The client credentials grant needs one certain tenant.
    #[error("must be one certain tenant, not common, organizations or consumers")]
    AnyTenant,
    /// The URL of a server's metadata.
    #[error("names the metadata; an issuer is the text of issuer in them, before /.well-known")]
    MetadataOfServer,
    /// A field without the one that gives it a meaning, which it has the name of.
    #[error("has a meaning only beside {0}: remove it")]
    OnlyBeside(&'static str),
    /// A parameter, a claim or a member that the broker itself writes.
    #[error("cannot be set here, because the broker itself sets it: remove it")]
    Reserved,
    /// Not a grant that the broker knows.
    #[error("must be client_credentials or jwt_bearer")]
    NotAGrant,
    /// Not a way to send a client secret.
    #[error("must be client_secret_basic or client_secret_post")]
    NotAnAuthMethod,
    /// Not an algorithm, or none of the key.
    #[error(
        "must go with signing_alg: RS256 or PS256 for RSA, ES256 for P-256, EdDSA for Ed25519, and for a JWK what its alg says"
    )]
    NotASigningAlg,
    /// A list of key ids that is shorter or longer than that of the keys.
    #[error("must have one id for each key of private_key, in the same order")]
    NotOneForEach,
    /// Not a lifetime in seconds.
    #[error("must be whole seconds, from 1 to {}", EXPIRES_IN_MAX_SECS)]
    NotALifetime,
    /// Not an authority host.
    #[error(transparent)]
    Authority(#[from] OriginFault),
    /// Not the key file of a service account.
    #[error(
        "must be the JSON key file of a service account as Google's console downloads it, whose type is service_account"
    )]
    NotAKeyFile,
    /// It has the name of a member.
    #[error("is a key file without a valid {0}: download it again and change nothing in it")]
    KeyFileMember(&'static str),
    /// Key files of different accounts, or with different token endpoints.
    #[error(
        "is a key file with another client_email or token_uri than the first: a list is for several keys of one account"
    )]
    OtherAccount,
    /// Another key than the server made.
    #[error("has a private key that is not RSA: take the file that the server gave out")]
    NotAnRsaKey,
    /// Not the id of an installation.
    #[error("must be a number: the last part of the URL of the installation's settings")]
    NotAnInstallation,
    /// Not a repository of GitHub, nor a permission or its level.
    #[error("must be letters, digits, '.', '-' or '_' (a repository without its owner)")]
    NotAPlainName,
    /// A key of the broker's own as the proof of a credential.
    #[error(
        "names a key of the broker itself, which is no proof: make a secret or key for this credential"
    )]
    OwnKey,
    /// A certificate that is not valid any more, and no other proof beside it.
    #[error(
        "has expired: make a new certificate, upload it to the application, and set it here with its private key"
    )]
    ExpiredCertificate,
    /// A federated credential without what its JWTs need. It has the name of a binding.
    #[error("needs the binding {0}, which is not set: npm run issuer-key says how")]
    NoOwnIssuer(&'static str),
    /// `ISSUER` in another form than the one in which it is published.
    #[error(
        "must be the broker's own origin such as https://broker.example: lower case, no path, no slash at the end (http for loopback hosts only)"
    )]
    NotAnOwnIssuer,
    /// Not a path for the broker, or an issuer elsewhere.
    #[error(transparent)]
    BasePath(#[from] BasePathFault),
    /// A key of the broker's own issuer that cannot sign by RS256.
    #[error("must be an RSA private key for RS256: npm run issuer-key makes one")]
    NotAnIssuerKey,
    /// Subject or audience of a federated credential.
    #[error(
        "must be 1 to {} characters without white space at either end or control characters",
        FEDERATED_TEXT_MAX
    )]
    NotAFederatedText,
    /// A private key or certificate that cannot sign.
    #[error(transparent)]
    Key(#[from] KeyFault),
}
