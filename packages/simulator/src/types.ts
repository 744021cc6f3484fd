/** The types of the package's public API: the options of both services, and what a started one offers. */
import type { Clock } from './clock.ts'

/** A person of the tenant. */
export interface Person {
  /** Short name, as `alice`; `TokenRequest.as` takes it. */
  readonly name: string
  readonly displayName: string
  readonly userPrincipalName: string
  readonly objectId: string
  /** Names of groups of the directory. */
  readonly groups: readonly string[]
  /** Values of the app roles that are assigned to the person; a token has those that its resource defines. */
  readonly roles: readonly string[]
  /** One line for the sign-in page. */
  readonly about: string
  /** For the resource-owner password grant, which Entra offers to test accounts. */
  readonly password: string
}

/** An application of the tenant, or a managed identity. */
export interface Application {
  readonly name: string
  readonly appId: string
  /** Object id of its service principal. */
  readonly objectId: string
  /** Client secret for client credentials; null for a public client, with which people sign in. */
  readonly secret: string | null
  /** Names of groups of the directory. */
  readonly groups: readonly string[]
  /** Values of the app roles that are assigned to it; a token has those that its resource defines. */
  readonly roles: readonly string[]
  /**
   * Application permissions of Microsoft Graph that an administrator granted, as GroupMember.Read.All. Default none.
   */
  readonly graphPermissions?: readonly string[]
  /** ARM id when it is a managed identity: its tokens come from the managed-identity endpoint. Else null. */
  readonly managedIdentityId: string | null
  /** Tokens of other services that it shows in place of a secret, as those of a cluster of AKS. Default none. */
  readonly federatedCredentials?: readonly FederatedCredential[]
  /**
   * Where the answer of an authorization may go; compared exactly, except for the port of a loopback address. Default:
   * none for an application with a secret; `http://localhost`, `http://127.0.0.1` and `http://[::1]` for a public
   * client, as for native clients in Entra.
   */
  readonly redirectUris?: readonly string[]
  /** One line for the sign-in page. */
  readonly about: string
}

/**
 * Whose tokens prove that somebody is the application: their audience is `api://AzureADTokenExchange`. Entra reads the
 * issuer's keys at its address; here its key is given.
 */
export interface FederatedCredential {
  readonly issuer: string
  /** As `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** PEM of the RSA key of the issuer. */
  readonly publicKey: string
}

/** An API that the tenant registered itself. Its manifest decides on the claims of its tokens. */
export interface Registration {
  readonly name: string
  /** Client id: the `aud` of tokens of version 2, and another name of the resource. */
  readonly appId: string
  /** Application ID URIs, as `api://gatehouse`. The first is the audience of tokens for which no other is given. */
  readonly uris: readonly string[]
  /** `requestedAccessTokenVersion` of the manifest; Entra treats null as 1. */
  readonly accessTokenVersion: 1 | 2
  /** `groupMembershipClaims` of the manifest: null lists no groups in any token. */
  readonly groupMembershipClaims: 'SecurityGroup' | null
  /** Values of the app roles that it defines. */
  readonly appRoles: readonly string[]
  /** `optionalClaims.accessToken`: `idtyp` says whether a token is a person's or an application's. Default none. */
  readonly optionalClaims?: readonly 'idtyp'[]
}

/** Everything that the simulated tenant knows. `demoDirectory` is one that is ready to use. */
export interface Directory {
  readonly tenantId: string
  readonly people: readonly Person[]
  readonly groups: readonly { readonly name: string; readonly objectId: string }[]
  readonly applications: readonly Application[]
  readonly registrations: readonly Registration[]
}

/** A token that is issued without the protocol, for tests. */
export interface TokenRequest {
  /** Name of a person or an application of the directory. */
  readonly as: string
  /**
   * Default: the directory's first registration. A resource of Microsoft's own, as
   * `https://cognitiveservices.azure.com`, and an unknown one give a token without groups and app roles.
   */
  readonly audience?: string
  /** Default: the version in the registration, '1.0' for other audiences. */
  readonly version?: '1.0' | '2.0'
  /** Claims that replace those of the directory; undefined removes one. For tests of tokens that must be rejected. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Lifetime in seconds; default 3600. A negative one gives an expired token. */
  readonly lifetimeSeconds?: number
}

export interface GraphFault {
  readonly status: 429 | 503
  /** Value of `Retry-After`, in seconds; the header is absent by default. */
  readonly retryAfterSeconds?: number
}

export interface EntraOptions {
  /**
   * Address to listen on. Default 127.0.0.1; there the service rejects a request unless its `Host` is a loopback name.
   */
  readonly host?: string
  /** Port to listen on. Default 0: a free one. */
  readonly port?: number
  readonly directory: Directory
  /**
   * Folder that keeps the signing keys between two starts, created when it is missing. Default: new keys at each start.
   */
  readonly keysDirectory?: string
  /** Source of the times in tokens, codes and errors. Default: the machine's clock. */
  readonly clock?: Clock
  /**
   * Seconds between two polls of a device code that clients are asked to keep, at least 1. Default 5, as Entra. Faster
   * polls are accepted.
   */
  readonly pollIntervalSeconds?: number
  /** Speaks TLS with this certificate, and names https addresses in every document. Default: plain HTTP. */
  readonly tls?: Certificate
}

/** A certificate and its key; `selfMadeCertificate` makes one for loopback. */
export interface Certificate {
  /** PEM, for the clients that should trust it. */
  readonly certificate: string
  /** PEM, for the server only. */
  readonly privateKey: string
}

/** A running tenant. */
export interface EntraSimulator {
  /** The authority: `http://127.0.0.1:PORT`, with TLS `https://127.0.0.1:PORT`. */
  readonly url: string
  readonly directory: Directory
  /** Environment of a workload with a managed identity, as App Service and Container Apps set it. */
  readonly managedIdentity: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string }
  /**
   * Issues a token without the protocol, signed with the newest key. Rejects for a name that the directory does not
   * have.
   */
  token(request: TokenRequest): Promise<string>
  /**
   * Makes a new signing key. Tokens of older keys stay valid while `keepOld` (default true) keeps these keys published.
   */
  rotateKeys(options?: { readonly keepOld?: boolean }): Promise<void>
  /** Number of requests that the key set and the discovery documents have had. */
  readonly keySetReads: number
  /**
   * An outage: while true, the service answers 503 to everything. Microsoft Graph, below /v1.0 of the same address, is
   * not affected.
   */
  down: boolean
  /** Answer of Microsoft Graph to every request; null for the ordinary answers. */
  graphFault: GraphFault | null
  /** Number of requests that Microsoft Graph has had. */
  readonly graphReads: number
  /** Closes the listener and all connections. */
  close(): Promise<void>
}

/** A deployment of an Azure OpenAI instance. */
export interface SimulatedDeployment {
  /**
   * As gpt-4o; decides the tokenizer, the snapshot's name and the operations that it supports. A name that is not known
   * can chat.
   */
  readonly model: string
  /** Default standard. */
  readonly kind?: 'standard' | 'provisioned'
  /** Standard: the limit of a sliding minute; provisioned: the capacity. Default: unlimited. */
  readonly tokensPerMinute?: number
  /** Standard only. Default: unlimited. */
  readonly requestsPerMinute?: number
  /**
   * Length of the shorter window for requests, which has its share of the minute's limit: Azure evens requests out.
   * Default 10.
   */
  readonly requestWindowSeconds?: 1 | 10
  /** Provisioned: seconds of its capacity that are a utilisation of 100 %. Default 60. */
  readonly burstSeconds?: number
  /**
   * Provisioned: name of a standard deployment of the same instance that serves what this one cannot (429, 500, 503, a
   * context that is too long). A request can name another one in `x-ms-spillover-deployment`. Default: none.
   */
  readonly spillover?: string
  /**
   * Rejects `stream_options` with 422 and reports usage in the last ordinary chunk, as models of other makers do.
   * Default false.
   */
  readonly refusesStreamOptions?: boolean
  /** Mean time to the first token, in milliseconds. Default 0. */
  readonly timeToFirstTokenMs?: number
  /** Speed of generation. Default: unlimited, as fast as the socket takes it. */
  readonly tokensPerSecond?: number
  /** Speed of hidden reasoning, during which a stream is silent. Default: `tokensPerSecond`. */
  readonly reasoningTokensPerSecond?: number
  /** Share by which the time to the first token and the speeds vary, 0 .. 1. Default 0. */
  readonly jitter?: number
}

export interface AzureSimulatorOptions {
  /** Name of the instance, in its bill. */
  readonly name: string
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string
  /** Port to listen on. Default 0: a free one. */
  readonly port?: number
  /** By either of its names, as swedencentral or Sweden Central; answers have the second. Default East US. */
  readonly region?: string
  /** By their names. */
  readonly deployments: Readonly<Record<string, SimulatedDeployment>>
  /** API keys that are accepted. Without `keys` and `entra` every call is accepted. */
  readonly keys?: readonly string[]
  /** Accepts Entra tokens of a tenant, beside the keys. */
  readonly entra?: {
    /** `EntraSimulator.url`. */
    readonly authority: string
    readonly tenantId: string
    /** Object ids that have the role Cognitive Services OpenAI User. Other callers get 401. */
    readonly allowedObjectIds: readonly string[] | 'all'
    /**
     * Decides which tokens have expired. Default: `clock`. An instance that runs in the past can so accept tokens of
     * today.
     */
    readonly clock?: Clock
  }
  /**
   * With a seed, equal calls get equal answers, to the byte; ids and `created` too, given an equal clock. Default: ids,
   * reasoning and the texts' variants differ from call to call.
   */
  readonly seed?: number
  /**
   * 0 .. 1; decides what is left to chance without a `seed`: ids, lengths of answers, faults with a probability.
   * Default: `Math.random`.
   */
  readonly random?: () => number
  /** Source of all times: of limits, objects and the bill. Default: the machine's clock. */
  readonly clock?: Clock
  /** Lets the time of an answer pass, and resolves early when the signal aborts. Default: real timers. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Content filter of streams: annotations in each chunk (`default`), or in chunks of their own (`asynchronous`). */
  readonly filter?: 'default' | 'asynchronous'
  /**
   * Milliseconds by `clock` that a response in the background takes. Default: what the speed of its deployment makes of
   * it; where that is unlimited, until it has been read once.
   */
  readonly backgroundMs?: number
  /** Shortest time of a batch, in milliseconds by `clock`. Default: as fast as its lines are answered. */
  readonly batchMs?: number
  /**
   * Smallest size of a drawn picture in bytes, partial ones in a stream included; real ones have megabytes. Default: as
   * small as a valid picture is, 5 to 60 KB.
   */
  readonly pictureBytes?: number
  /** Unit of `x-ratelimit-reset-*`: hosts of the service differ. Default seconds. */
  readonly rateLimitResets?: 'seconds' | 'milliseconds'
  /**
   * The Responses API reports -1, -1 and 0 for its rate limits and no time to retry, as Azure did in late 2025. Default
   * false.
   */
  readonly responsesHideLimits?: boolean
}

/** A line of the simulator's own bill. Every call that was received has one, whatever its outcome. */
export interface BillLine {
  /** `x-gatehouse-request-id` of the request; null when it has none. */
  readonly gatehouseRequestId: string | null
  /** The simulator's own `apim-request-id`. */
  readonly requestId: string
  readonly receivedAtMs: number
  readonly instance: string
  readonly deployment: string | null
  /** The provisioned deployment that was called, when Azure's own spillover let `deployment` serve; else null. */
  readonly spilledFrom: string | null
  readonly operation: string | null
  /** `oid` of the token, `key` for an API key, null for a call that was rejected before. */
  readonly subject: string | null
  readonly stream: boolean
  readonly status: number
  /** Tokens of the prompt that would be charged. */
  readonly promptTokens: number
  /** Tokens of the answer that would be charged. */
  readonly completionTokens: number
  /** Cost of the call's tools on other deployments, as of the image tool; not part of the call's own usage. */
  readonly tools: readonly {
    readonly deployment: string
    readonly promptTokens: number
    readonly completionTokens: number
  }[]
  /** Tier that served the call: `default`, `priority`, `flex`. Null until the call has been admitted. */
  readonly serviceTier: string | null
  /** True when a usage object was sent. */
  readonly usageReported: boolean
  /** Kind of the fault that struck; null for none. */
  readonly fault: string | null
  /** True when the client left before the end of the answer. */
  readonly clientGone: boolean
  /** False while the call is still being answered. */
  readonly ended: boolean
}

/** A running Azure OpenAI instance. */
export interface AzureSimulator {
  readonly name: string
  /** The endpoint: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Copies of the lines, in the order in which the calls arrived: of all calls, or of the newest 180,000 at least. */
  bill(): readonly BillLine[]
  clearBill(): void
  /**
   * Replaces the standing faults; null removes them. Takes the same as `POST /_simulator/faults`: one fault, as `{
   * kind: '429', 'retry-after-ms': 1500, probability: 0.2 }`, or `{ faults: [...] }`. Throws for a kind or an option
   * that does not exist; `faultKinds` in azure/faults.ts lists them.
   */
  setFault(fault: Readonly<Record<string, unknown>> | null): void
  /** Ends all calls and closes the listener. */
  close(): Promise<void>
}
