/** The simulator's own surface: a sign-in service that looks like Entra, and Azure OpenAI instances that keep a bill. */
import type { Clock } from './clock.ts'

export interface Person {
  /** Short name, as `alice`: what `--as` takes. */
  readonly name: string
  readonly displayName: string
  readonly userPrincipalName: string
  readonly objectId: string
  /** Names of groups. */
  readonly groups: readonly string[]
  /** Values of the app roles that are assigned to it; a token has those that its resource defines. */
  readonly roles: readonly string[]
  /** What the person is there for, one line for the sign-in page. */
  readonly about: string
  /** For the resource-owner password grant, which Entra offers to test accounts. */
  readonly password: string
}

export interface Application {
  readonly name: string
  readonly appId: string
  /** Object id of its service principal. */
  readonly objectId: string
  /** Client secret for client credentials; null for a public client (people sign in with it). */
  readonly secret: string | null
  readonly groups: readonly string[]
  /** As those of a person. */
  readonly roles: readonly string[]
  /** Application permissions of Microsoft Graph that an administrator granted, as GroupMember.Read.All. Default none. */
  readonly graphPermissions?: readonly string[]
  /** ARM id when it is a managed identity: its tokens come from the managed-identity endpoint. */
  readonly managedIdentityId: string | null
  /**
   * Where the answer of an authorization may go; exact, but for the port of a loopback address. Default: none for an application
   * with a secret, `http://localhost`, `http://127.0.0.1` and `http://[::1]` for a public client, as for native clients in Entra.
   */
  readonly redirectUris?: readonly string[]
  readonly about: string
}

/** An API that the company registered itself. Its manifest decides what a token for it says. */
export interface Registration {
  readonly name: string
  /** Client id: `aud` of tokens of version 2, and a name of the resource beside its URIs. */
  readonly appId: string
  /** Application ID URIs, as `api://gatehouse`. The first is what a token is asked for when nothing else is said. */
  readonly uris: readonly string[]
  /** `requestedAccessTokenVersion`; Entra takes null as 1. */
  readonly accessTokenVersion: 1 | 2
  /** `groupMembershipClaims`: null lists no groups in any token. */
  readonly groupMembershipClaims: 'SecurityGroup' | null
  /** Values of the app roles that it defines. */
  readonly appRoles: readonly string[]
  /** `optionalClaims.accessToken`: `idtyp` says whether a token is a person's or an application's. Default none. */
  readonly optionalClaims?: readonly 'idtyp'[]
}

export interface Directory {
  readonly tenantId: string
  readonly people: readonly Person[]
  readonly groups: readonly { readonly name: string; readonly objectId: string }[]
  readonly applications: readonly Application[]
  readonly registrations: readonly Registration[]
}

export interface TokenRequest {
  /** Name of a person or an application of the directory. */
  readonly as: string
  /**
   * Default: the directory's first registration. One of Microsoft's own, as `https://cognitiveservices.azure.com`, gives a token without
   * groups and app roles; an unknown one does, too.
   */
  readonly audience?: string
  /** Default: what the registration says, '1.0' for others. */
  readonly version?: '1.0' | '2.0'
  /** Claims that replace or (undefined) remove what the directory says: for tests of what must be refused. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Seconds; default 3600. */
  readonly lifetimeSeconds?: number
}

export interface GraphFault {
  readonly status: 429 | 503
  /** Of `Retry-After`; absent, there is none. */
  readonly retryAfterSeconds?: number
}

export interface EntraSimulator {
  /** `http://127.0.0.1:PORT`, with TLS `https://127.0.0.1:PORT`: the authority. */
  readonly url: string
  readonly directory: Directory
  /** What App Service and Container Apps put into the environment of a workload with a managed identity. */
  readonly managedIdentity: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string }
  /** Issues a token without the protocol, signed with the current key. */
  token(request: TokenRequest): Promise<string>
  /** A new signing key; tokens of the old one stay valid while `keepOld` (default true) publishes it. */
  rotateKeys(options?: { readonly keepOld?: boolean }): Promise<void>
  /** Requests that reached the key set and discovery documents so far. */
  readonly keySetReads: number
  /** While true the service answers 503 to everything: an outage. Microsoft Graph, below /v1.0 of the same address, goes on. */
  down: boolean
  /** What Microsoft Graph answers to every question until it is null again. */
  graphFault: GraphFault | null
  /** Questions that reached Microsoft Graph so far. */
  readonly graphReads: number
  close(): Promise<void>
}

export interface SimulatedDeployment {
  /** As gpt-4o; decides tokenizer, snapshot name and abilities. */
  readonly model: string
  readonly kind?: 'standard' | 'provisioned'
  /** Standard: the limit of a sliding minute; provisioned: the capacity. Unlimited when absent. */
  readonly tokensPerMinute?: number
  /** Standard alone. Unlimited when absent. */
  readonly requestsPerMinute?: number
  /** Azure evens requests out within the minute: the shorter window has its share of the limit. Default 10. */
  readonly requestWindowSeconds?: 1 | 10
  /** Provisioned: how many seconds of its capacity make a utilisation of 100 %; default 60. */
  readonly burstSeconds?: number
  /**
   * Provisioned: a standard deployment of the same instance that serves what this one cannot (429, 500, 503, a context too long).
   * A request's `x-ms-spillover-deployment` says the same for itself.
   */
  readonly spillover?: string
  /** As models of other makers: `stream_options` is refused with 422, and streams report usage in their last ordinary chunk. Default false. */
  readonly refusesStreamOptions?: boolean
  /** Milliseconds to the first token, mean; default 0. */
  readonly timeToFirstTokenMs?: number
  /** Speed of generation; default unlimited (everything as fast as the socket takes it). */
  readonly tokensPerSecond?: number
  /** Speed of hidden reasoning, during which a stream is silent; default that of `tokensPerSecond`. */
  readonly reasoningTokensPerSecond?: number
  /** 0..1, share by which both vary; default 0. */
  readonly jitter?: number
}

export interface AzureSimulatorOptions {
  readonly name: string
  readonly host?: string
  /** 0 (default) takes a free one. */
  readonly port?: number
  /** By either of its names, as swedencentral or Sweden Central; answers say the second. Default East US. */
  readonly region?: string
  readonly deployments: Readonly<Record<string, SimulatedDeployment>>
  /** API keys that are accepted. */
  readonly keys?: readonly string[]
  /** Accept Entra tokens of this authority; object ids that have the role Cognitive Services OpenAI User. */
  readonly entra?: {
    readonly authority: string
    readonly tenantId: string
    readonly allowedObjectIds: readonly string[] | 'all'
    /** By which tokens expire, where that is not `clock`: a history of the past is called with tokens of today. */
    readonly clock?: Clock
  }
  /** With a seed, equal questions get equal bytes (ids and `created` too, given an equal clock). */
  readonly seed?: number
  /** 0 .. 1, for what happens by chance where there is no `seed`: ids, lengths of answers, faults with a probability. Default: `Math.random`. */
  readonly random?: () => number
  readonly clock?: Clock
  /** How latency passes; the demonstration's history lets it move the clock instead. Default: real timers. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Stream content filter: `default` (buffered annotations in each chunk) or `asynchronous` (annotation frames). */
  readonly filter?: 'default' | 'asynchronous'
  /**
   * Milliseconds by `clock` that a response in the background takes to its end. Default: as long as its deployment's speed makes it, and
   * where that is unlimited until it has been asked for once.
   */
  readonly backgroundMs?: number
  /** Least milliseconds by `clock` that a batch takes to its end. Default: as fast as its lines are answered. */
  readonly batchMs?: number
  /**
   * Least bytes of each picture that an image model draws, partial ones in a stream included: real ones have megabytes. Default: as few
   * as a small valid picture takes, 5 to 60 KB.
   */
  readonly pictureBytes?: number
  /** In what `x-ratelimit-reset-*` is written: hosts of the service differ. Default seconds. */
  readonly rateLimitResets?: 'seconds' | 'milliseconds'
  /** The Responses API tells -1, -1 and 0 for its rate limits and no time to retry, as Azure did in late 2025. Default false. */
  readonly responsesHideLimits?: boolean
}

/** One line of the simulator's own bill: every received call, whatever became of it. */
export interface BillLine {
  /** What the gateway sent as `x-gatehouse-request-id`; null for direct calls. */
  readonly gatehouseRequestId: string | null
  /** The simulator's own `apim-request-id`. */
  readonly requestId: string
  readonly receivedAtMs: number
  readonly instance: string
  readonly deployment: string | null
  /** The provisioned deployment that was called, where Azure's own spillover let `deployment` serve; else null. */
  readonly spilledFrom: string | null
  readonly operation: string | null
  /** `oid` of the token, `key` for an API key, null when refused before. */
  readonly subject: string | null
  readonly stream: boolean
  readonly status: number
  /** What was produced and would be charged. */
  readonly promptTokens: number
  readonly completionTokens: number
  /** What tools of the call cost on other deployments, as the image tool does; not in the call's own usage. */
  readonly tools: readonly {
    readonly deployment: string
    readonly promptTokens: number
    readonly completionTokens: number
  }[]
  /** `default`, `priority`, `flex`, ...: what the call was served at. Null until it has been let in. */
  readonly serviceTier: string | null
  /** True when a usage object was put on the wire. */
  readonly usageReported: boolean
  readonly fault: string | null
  /** True when the client was gone before the answer's end. */
  readonly clientGone: boolean
  /** False while the call is still being answered. */
  readonly ended: boolean
}

export interface AzureSimulator {
  readonly name: string
  readonly url: string
  bill(): readonly BillLine[]
  clearBill(): void
  /**
   * Standing faults until they are replaced or lifted (null); the same as `POST /_simulator/faults`. See azure/faults.ts for
   * the kinds.
   */
  setFault(fault: Readonly<Record<string, unknown>> | null): void
  close(): Promise<void>
}
