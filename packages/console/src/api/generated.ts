/** Generated from the OpenAPI document of the management API by scripts/generate.ts. Do not edit. */

export type WhoAmI = {
  readonly caller: {
    readonly kind: 'user' | 'application'
    readonly tenantId: string
    readonly objectId: string
    readonly appId: string | null
    readonly displayName: string | null
  }
  /** Roles here, with those that they include. */
  readonly roles: readonly ('viewer' | 'developer' | 'auditor' | 'operator' | 'admin' | 'custodian' | 'eraser')[]
  /** Workloads that this caller may call as. */
  readonly workloads: readonly (string)[]
  /** Session of a browser that signed in; null for a request with a token. */
  readonly session: {
    /** When the person must sign in again. */
    readonly expiresAtMs: number
  } | null
}

export type GatehouseError = {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
    /** Where in the SQL of a query, both from 1; columns in UTF-16 units. */
    readonly place?: {
      readonly line: number
      readonly column: number
    }
  }
}

export type About = {
  readonly version: string
  /** Commit of the checkout; null for a published package. */
  readonly commit: string | null
  readonly node: string
  readonly platform: string
  /** Start of the process that answers, ms since the epoch. */
  readonly startedAtMs: number | null
  /** Time zone of the days, months, quarters and years of limits (`limits.timeZone`). */
  readonly timeZone: string
  /** First day of a fiscal year of limits, as month and day (`limits.fiscalYearStart`). */
  readonly fiscalYearStart: string
  /** Null without the role viewer. */
  readonly health: {
    readonly parts: readonly ({
      readonly name: 'ledger' | 'limits' | 'instances' | 'feeds' | 'sources' | 'replicas' | 'signIn'
      /** That of the worst that was found. */
      readonly state: 'ok' | 'critical' | 'warning' | 'note'
      /** The worst that was found, in a sentence; null where all is well. */
      readonly what: string | null
      /** What to do about it. */
      readonly next: string | null
    })[]
    /** How the replicas share what they know. */
    readonly sharing: 'ok' | 'alone' | 'away'
    readonly replicas: readonly ({
      readonly name: string
      readonly isSelf: boolean
      readonly status: 'alive' | 'silent'
      /** Null where it publishes what this version cannot read. */
      readonly version: string | null
      /** Milliseconds since the epoch. */
      readonly startedAtMs: number | null
    })[]
    /** Where people and programs sign in; null without a console. */
    readonly authority: string | null
    readonly tenants: readonly (string)[]
    readonly audiences: readonly (string)[]
  } | null
  /** Address of the texts of the licences; null where the console is not built. */
  readonly notices: string | null
  /** What an installation has besides Gatehouse. Licences are SPDX expressions. */
  readonly packages: readonly ({
    readonly name: string
    readonly version: string
    readonly licence: string
  })[]
}

export type Me = {
  /** The caller's own calls of this month, by workload and model. */
  readonly month: {
    /** Begin of the month, UTC, in ms since the epoch. */
    readonly fromMs: number
    readonly usage: UsageReport
  }
  readonly calls: RecordsPage
  /** Limits that the caller's calls meet. */
  readonly limits: readonly (LimitRule)[]
  /** Currency of limits of cost, ISO 4217. */
  readonly currency: string
  readonly workloads: readonly ({
    readonly name: string
    readonly targets: readonly ({
      readonly name: string
      /** What an SDK takes as its endpoint, below the gateway. */
      readonly path: string
    })[]
    /** Deployments that the workload may use. */
    readonly deployments: readonly (string)[]
    /** Models of these deployments, as the instances name them. */
    readonly models: readonly ({
      readonly deployment: string
      readonly model: string
    })[]
  })[]
  /** Address of the gateway for programs; null for a collector. */
  readonly gateway: string | null
  /** For which a token may be; the first is the usual one. */
  readonly audiences: readonly (string)[]
}

export type UsageReport = {
  readonly by: readonly ('workload' | 'caller' | 'instance' | 'deployment' | 'model' | 'operation' | 'outcome' | 'copy' | 'replica' | 'month' | 'day' | 'hour')[]
  readonly lines: readonly ({
    readonly keys: readonly (string | null)[]
    readonly callerKey: string | null
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
  })[]
  readonly total: {
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
  }
}

/** The caller's latest calls, without bodies. */
export type RecordsPage = {
  readonly records: readonly (GatehouseRecord)[]
  /** Pass as `before` for what is older; null at the end. */
  readonly next: string | null
  /** Pass as `after` to tail for what comes later. */
  readonly cursor: string
}

export type GatehouseRecord = {
  /** UUID of version 7, also the answer's `x-gatehouse-request-id`. */
  readonly id: string
  /** Id of the call of which this is a copy; null for a call of a client. */
  readonly copyOf: string | null
  /**
   * `shadow` for a mirrored copy, `hedge` for a second try beside a slow one, `follow_up` for a question
   * how a background response or a batch ended. Null for what a client asked.
   */
  readonly copyKind: 'shadow' | 'hedge' | 'follow_up' | null
  /** `completed`, `refused`, `failed`, `aborted`, `interrupted`. */
  readonly outcome: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted'
  /** Reason, as a stable code of a refusal or a failure; null for `completed`. */
  readonly outcomeCode: string | null
  /** Status that the client saw; null when it saw none. */
  readonly status: number | null
  /**
   * Words with which the gateway itself answered, at most 1,000 characters; null for the answer of an
   * instance. What they quote of a body, and the caller, is `…`.
   */
  readonly message: string | null
  /** Arrival. Milliseconds since the epoch. */
  readonly startedAtMs: number
  /** Sent to the backend. Milliseconds since the epoch. */
  readonly sentAtMs: number | null
  /** First byte from the backend. Milliseconds since the epoch. */
  readonly firstByteAtMs: number | null
  /** End. Milliseconds since the epoch. */
  readonly endedAtMs: number
  /** From arrival to end. */
  readonly durationMs: number
  /** From sending to the first byte. */
  readonly timeToFirstByteMs: number | null
  /** Kind of the verified caller; null where there was none. */
  readonly callerKind: 'user' | 'application' | null
  /** Tenant of the verified caller. */
  readonly callerTenantId: string | null
  /** Object id of the verified caller. */
  readonly callerObjectId: string | null
  /** Application id of the verified caller. */
  readonly callerAppId: string | null
  /** For people to read; names change, ids do not. */
  readonly callerName: string | null
  /** Workload, as in the configuration. */
  readonly workload: string | null
  /** Target, as in the configuration. */
  readonly target: string | null
  /** Instance to which the call went last. */
  readonly instance: string | null
  /** Region of the instance. */
  readonly region: string | null
  /** Deployment, as the workload names it; what a canary share was sent to instead. */
  readonly deployment: string | null
  /** Name of the deployment on the instance that served, where it has another one there (an alias). */
  readonly servedDeployment: string | null
  /** Deployment from which Azure itself spilled the call over to another one. */
  readonly spilledFrom: string | null
  /** `model` as the client wrote it, in the body or the path. */
  readonly requestedModel: string | null
  /** `model` of the answer: the dated snapshot. */
  readonly servedModel: string | null
  /** Deployments that the request names besides its own: in a header, a tool, a data source. */
  readonly toolDeployments: readonly (string)[]
  /**
   * Operation, as `chat/completions` (for OpenTelemetry `chat`, `embeddings`, ...); null when the address
   * leads nowhere.
   */
  readonly operation: string | null
  /** True when the client asked for a stream. */
  readonly stream: boolean
  /** Version of a dated address. */
  readonly apiVersion: string | null
  /** Method of the request. */
  readonly method: string
  /** Path as it was received, at most 2,048 characters, without the query, which may carry a key. */
  readonly path: string
  /** Content type of the request. */
  readonly requestContentType: string | null
  /** Bytes received from the client, the body alone. */
  readonly requestBytes: number
  /** Content type of the answer. */
  readonly responseContentType: string | null
  /** Bytes relayed to the client, the body alone. */
  readonly responseBytes: number
  /** Finish reason of the first choice. */
  readonly finishReason: string | null
  readonly usage: {
    /**
     * Where the figures come from. `reported` by the backend; `counted` here from the text that passed;
     * `bounded`: nothing told the truth, so the figures are a bound, at least what passed and at least
     * what was reserved or learned; `owed`: a later record of the same object has the figures; `none`.
     */
    readonly source: 'reported' | 'counted' | 'bounded' | 'owed' | 'none'
    /** Tokens of the prompt. */
    readonly promptTokens: number | null
    /** Part of the prompt that a cache of the backend had. */
    readonly cachedTokens: number | null
    /** Tokens of the completion. */
    readonly completionTokens: number | null
    /** Part of the completion that is reasoning. */
    readonly reasoningTokens: number | null
    /** Tokens of prompt and completion. */
    readonly totalTokens: number | null
    /** Part of the prompt that is audio. */
    readonly audioPromptTokens: number | null
    /** Part of the completion that is audio. */
    readonly audioCompletionTokens: number | null
    /** Part of the prompt that is images. */
    readonly imagePromptTokens: number | null
    /** Part of the completion that is images. */
    readonly imageCompletionTokens: number | null
  }
  /** Tokens reserved before the call; null where it met no limit. */
  readonly reservedTokens: number | null
  /** Service tier that the answer names: `default`, `priority`, `flex`; it decides the price. */
  readonly serviceTier: string | null
  readonly cost: {
    /**
     * Cost in billionths of the currency, a whole number. `cost` is null where no tokens were billed or
     * the model has no price.
     */
    readonly nano: number
    /** ISO 4217. */
    readonly currency: string
    /** Model and first day of the price that the cost was computed with. */
    readonly price: string
  } | null
  /** Refused calls that the record stands for; 1 for every call with a record of its own. */
  readonly summedCalls: number
  /** Time in the waiting line; null for a call that did not wait. */
  readonly waitedMs: number | null
  /** Each try: instance, status, duration, error. */
  readonly attempts: readonly ({
    readonly instance: string
    readonly status: number | null
    readonly durationMs: number
    readonly error: string | null
  })[]
  /**
   * Id of what the call created: a response, a file, a batch; of a call that charges work in the
   * background, the object that did it.
   */
  readonly objectId: string | null
  /** Address of the client. */
  readonly clientAddress: string | null
  /** User agent of the client. */
  readonly userAgent: string | null
  /** The backend's id of the request. */
  readonly backendRequestId: string | null
  /**
   * Gateway process that served the call: `gateway.replica`, or the name of its host; null in records of
   * older versions.
   */
  readonly replica: string | null
  /**
   * Trace that the caller's `traceparent` names, 32 hexadecimal digits, where the workload continues
   * traces (`traceContext`); null otherwise. A follow-up has that of the call which began the work.
   */
  readonly traceId: string | null
  /** The caller's span in that trace, 16 hexadecimal digits. */
  readonly parentSpanId: string | null
  /** True for history that the demonstration wrote. */
  readonly demonstration: boolean
}

export type LimitRule = {
  /** As refusals name it. */
  readonly rule: string
  readonly measure: 'tokensPerMinute' | 'tokensPerHour' | 'tokensPerDay' | 'tokensPerWeek' | 'tokensPerMonth' | 'tokensPerQuarter' | 'tokensPerYear' | 'requestsPerSecond' | 'requestsPerMinute' | 'callsInFlight' | 'costPerDay' | 'costPerMonth' | 'costPerQuarter' | 'costPerYear'
  readonly mode: 'enforce' | 'shadow'
  /** Whom it is for, in words. */
  readonly scope: string
  /** Which of those that a rule counts by themselves, as a caller’s key; null where all count together. */
  readonly subject: string | null
  /** Workloads that it can apply to; null for all. */
  readonly workloads: readonly (string)[] | null
  /** Rules with the same counter share what was used. */
  readonly counter: string
  /** Tokens, calls, or billionths of the currency, as the measure says. */
  readonly limit: number
  readonly override: OverriddenLimit
  readonly used: number
  /** By running calls. */
  readonly reserved: number
  readonly remaining: number
  /** When its window of the calendar began; null where a window slides, and for calls in flight. */
  readonly beganAtMs: number | null
  /**
   * When its window ends or moves on; null for calls in flight, and for a window of a second or a minute
   * in which nothing is used.
   */
  readonly renewsAtMs: number | null
  /** Calls that it refused, or would have, since the start of the process. */
  readonly refused: number
}

/** Where an operator changed the limit for a time; null where it is that of the configuration. */
export type OverriddenLimit = {
  /** The limit of the configuration, in the unit of `limit`. */
  readonly configured: number
  /** When the override ends by itself. */
  readonly untilMs: number
  /** Name of the operator. */
  readonly by: string
  readonly reason: string
} | null

export type Series = {
  readonly step: 'minute' | 'hour' | 'day'
  readonly timeZone: string
  readonly by: 'workload' | 'caller' | 'instance' | 'deployment' | 'model' | 'operation' | 'outcome' | 'copy' | 'replica' | null
  /** Start of each step. The first may begin before the period, and the last end after it. */
  readonly steps: readonly (number)[]
  /** Each group over the whole period: most tokens first, the rest last. */
  readonly groups: readonly ({
    /** Null for calls without a value, for all calls where nothing is grouped, and for the rest. */
    readonly key: string | null
    readonly callerKey: string | null
    /** True for the group of all that are not shown by themselves. */
    readonly isRest: boolean
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
    /** From sending to the first byte, of calls that had one. */
    readonly firstByteMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
    /** From arrival to end, of calls that were sent to a backend. */
    readonly durationMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
  })[]
  /** Steps without calls of a group have no point. */
  readonly points: readonly ({
    /** Index in `steps`. */
    readonly step: number
    /** Index in `groups`. */
    readonly group: number
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
    /** From sending to the first byte, of calls that had one. */
    readonly firstByteMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
    /** From arrival to end, of calls that were sent to a backend. */
    readonly durationMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
  })[]
  readonly total: {
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
    /** From sending to the first byte, of calls that had one. */
    readonly firstByteMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
    /** From arrival to end, of calls that were sent to a backend. */
    readonly durationMs: {
      readonly p50: number
      readonly p95: number
      readonly p99: number
    } | null
  }
  /** Percentiles are of one in so many calls, the same ones each time; 1: of all. */
  readonly percentilesOfOneIn: number
}

export type Playground = {
  /** Workloads that the caller may call as. */
  readonly workloads: readonly ({
    readonly name: string
    /** Those that the playground can send and the workload may use. */
    readonly operations: readonly ('chat/completions' | 'responses')[]
    readonly targets: readonly ({
      /** An instance or a pool. */
      readonly name: string
      readonly deployments: readonly ({
        /** As calls name it. */
        readonly name: string
        readonly model: string
        /** False for models of embeddings, sound and images, by their names. */
        readonly talks: boolean
      })[]
    })[]
  })[]
  /** Longest body of a call through the playground, in bytes. */
  readonly bodyBytesMax: number
}

export type Ledger = {
  /** False while the disk takes no entries. */
  readonly writable: boolean
  /** Entries that wait in memory for a disk that takes none. */
  readonly heldEntries: number
  /** Bytes of bodies that found no room there, since the start. */
  readonly lostBodyBytes: number
  /** Whole records that found no room there, since the start. */
  readonly lostRecords: number
  /** Calls that are open now. */
  readonly openExchanges: number
  /** Bytes of the journal that could not be read, since it began. */
  readonly damagedBytes: number
}

export type AttentionList = {
  readonly atMs: number
  /** Worst first. */
  readonly items: readonly ({
    /**
     * `critical`: calls fail or records are lost now. `warning`: they may soon. `note`: it was set up or
     * ordered so.
     */
    readonly severity: 'critical' | 'warning' | 'note'
    readonly code: string
    /** A rule, an instance, a feed, a model; null for the whole. */
    readonly subject: string | null
    readonly what: string
    /** What to do. */
    readonly next: string
    /** Milliseconds since the epoch; null where it is not known. */
    readonly sinceMs: number | null
    /** Where to look. */
    readonly page: 'instances' | 'limits' | 'feeds' | 'sources' | 'usage' | 'ledger' | 'replicas'
    readonly parameters: Readonly<Record<string, string>>
  })[]
}

export type Feeds = {
  /** Each feed of all replicas together: sums, and the worst state. */
  readonly feeds: readonly (Feed)[]
  /**
   * `alone`: no Redis is configured. `away`: Redis does not answer. In both cases only the own figures
   * are known.
   */
  readonly sharing: 'ok' | 'alone' | 'away'
  readonly replicas: readonly ({
    /** Belongs to the replica’s ledger, so it outlives restarts. */
    readonly id: string
    /** As its records have it. */
    readonly name: string
    /** True for the replica that answers. */
    readonly isSelf: boolean
    /** `silent`: it has not published for 15 seconds; it is in no sum. After an hour it is forgotten. */
    readonly status: 'alive' | 'silent'
    /** Time since it last published. */
    readonly quietMs: number
    /** Null, like everything that it says, where a version published it that this one cannot read. */
    readonly version: string | null
    readonly startedAtMs: number | null
    readonly callsInFlight: number | null
    readonly feeds: readonly (Feed)[] | null
  })[]
}

export type Feed = {
  readonly name: string
  readonly kind: string
  /** `failing`: it is tried again, with growing pauses. `stopped`: its thread died and is started again. */
  readonly status: 'running' | 'paused' | 'failing' | 'stopped'
  /** Records that it has not taken; those not read yet are estimated. */
  readonly lagRecords: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagSeconds: number
  /** Bytes of the journal that it has not read. */
  readonly lagBytes: number
  /** Records, since its thread started. */
  readonly sent: number
  /** Bytes, since its thread started. */
  readonly sentBytes: number
  /** Records that were offered again, counted each time, since its thread started. */
  readonly retried: number
  /** Records that it can never take: in a file beside the cursor, with reasons. */
  readonly setAside: number
  /** Milliseconds since the epoch. */
  readonly lastSentAtMs: number | null
  readonly lastError: string | null
  /** Milliseconds since the epoch. */
  readonly lastErrorAtMs: number | null
  /** Segments that were deleted before it had read them, since it runs with its present settings. */
  readonly droppedSegments: number
}

export type Sources = {
  readonly sources: readonly ({
    readonly name: string
    readonly kind: string
    readonly status: 'running' | 'failing'
    /** Records written into the ledger, since the start of the process. */
    readonly taken: number
    /** Records that came again, since the start of the process. */
    readonly doubles: number
    /** Records of which some parts are missing yet. */
    readonly incomplete: number
    /** Messages that are no record, and records whose parts never came: in a file with reasons. */
    readonly setAside: number
    /** When the newest record that came had ended. */
    readonly lastEndedAtMs: number | null
    /** Milliseconds since the epoch. */
    readonly lastTakenAtMs: number | null
    readonly lastError: string | null
    /** Milliseconds since the epoch. */
    readonly lastErrorAtMs: number | null
  })[]
}

export type Instances = {
  readonly instances: readonly ({
    readonly name: string
    readonly endpoint: string
    readonly region: string | null
    readonly credential: 'caller' | 'managed-identity' | 'key'
    readonly healthy: boolean
    /** The operator’s order that it gets no new calls. */
    readonly drained: {
      /** Milliseconds since the epoch. */
      readonly sinceMs: number
      readonly by: string
    } | null
    /** True from when the gateway’s own credential was refused until a call is let in again. */
    readonly credentialRefused: boolean
    readonly inFlight: number
    readonly lastProbe: Probe
    readonly deployments: readonly ({
      readonly name: string
      readonly model: string
      readonly kind: 'standard' | 'provisioned'
      /** Null until something is known of it. */
      readonly state: {
        readonly deployment: string
        readonly kind: 'standard' | 'provisioned'
        /** Open: it is not used. */
        readonly breaker: 'closed' | 'open' | 'half-open'
        readonly breakerReason: string | null
        /** Milliseconds since the epoch. */
        readonly retryAtMs: number | null
        /** Share of provisioned throughput in use; 1 is all of it. */
        readonly utilization: number | null
        /** True while new calls go to the next priority because of it. */
        readonly spilling: boolean
        readonly remainingTokens: number | null
        readonly remainingRequests: number | null
        /** From sending to the first byte, of recent calls. */
        readonly latencyMs: number | null
        readonly latencyP95Ms: number | null
        readonly inFlight: number
        /** Tries since the start of the process. */
        readonly calls: number
        readonly failures: number
      } | null
    })[]
  })[]
  /**
   * `alone`: no Redis is configured. `away`: Redis does not answer. In both cases only the own figures
   * are known.
   */
  readonly sharing: 'ok' | 'alone' | 'away'
  readonly replicas: readonly ({
    /** Belongs to the replica’s ledger, so it outlives restarts. */
    readonly id: string
    /** As its records have it. */
    readonly name: string
    /** True for the replica that answers. */
    readonly isSelf: boolean
    /** `silent`: it has not published for 15 seconds; it is in no sum. After an hour it is forgotten. */
    readonly status: 'alive' | 'silent'
    /** Time since it last published. */
    readonly quietMs: number
    /** Null, like everything that it says, where a version published it that this one cannot read. */
    readonly version: string | null
    readonly startedAtMs: number | null
    readonly callsInFlight: number | null
    readonly instances: readonly ({
      readonly name: string
      readonly healthy: boolean
      readonly drained: boolean
      readonly credentialRefused: boolean
      readonly inFlight: number
      /** Deployments that this replica leaves alone now. */
      readonly left: readonly (string)[]
    })[] | null
  })[]
  readonly pools: readonly ({
    readonly name: string
    readonly strategy: 'weighted' | 'least-loaded' | 'lowest-latency' | 'round-robin'
    readonly members: readonly ({
      readonly instance: string
      readonly priority: number
      readonly weight: number
      readonly spillAtUtilization: number | null
      /**
       * Share of all tries at the members of this pool since the start of the process, from 0 to 1; null
       * before the first.
       */
      readonly share: number | null
    })[]
  })[]
}

export type Probe = {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly ok: boolean
  /** HTTP status; null when no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /** What failed, in words. */
  readonly error: string | null
} | null

export type Drain = {
  readonly name: string
  /** The operator’s order that it gets no new calls. */
  readonly drained: {
    /** Milliseconds since the epoch. */
    readonly sinceMs: number
    readonly by: string
  } | null
  /**
   * `ok`: the other replicas follow within two seconds. `alone`: no Redis is configured. `away`: Redis
   * does not answer; they follow when it does.
   */
  readonly sharing: 'ok' | 'alone' | 'away'
  /** Calls that are running there, of all replicas. */
  readonly inFlight: number
}

export type Limits = {
  readonly store: 'memory' | 'redis'
  /** State of the store of the counters: `ok`, or what is done with calls while it does not answer. */
  readonly state: 'ok' | 'refuse' | 'local' | 'allow'
  /** Milliseconds since the epoch. */
  readonly downSinceMs: number | null
  /** Calls in the waiting lines of all replicas. */
  readonly waiting: number
  /** Currency of limits of cost, ISO 4217. */
  readonly currency: string
  readonly rules: readonly (LimitRule)[]
  /**
   * `alone`: no Redis is configured. `away`: Redis does not answer. In both cases only the own figures
   * are known.
   */
  readonly sharing: 'ok' | 'alone' | 'away'
  readonly replicas: readonly ({
    /** Belongs to the replica’s ledger, so it outlives restarts. */
    readonly id: string
    /** As its records have it. */
    readonly name: string
    /** True for the replica that answers. */
    readonly isSelf: boolean
    /** `silent`: it has not published for 15 seconds; it is in no sum. After an hour it is forgotten. */
    readonly status: 'alive' | 'silent'
    /** Time since it last published. */
    readonly quietMs: number
    /** Null, like everything that it says, where a version published it that this one cannot read. */
    readonly version: string | null
    readonly startedAtMs: number | null
    readonly callsInFlight: number | null
    readonly limits: {
      readonly store: 'memory' | 'redis'
      readonly state: 'ok' | 'refuse' | 'local' | 'allow'
      readonly waiting: number
      /** The fullest counters of a replica that counts in memory; empty where Redis counts. */
      readonly rules: readonly ({
        readonly rule: string
        readonly measure: 'tokensPerMinute' | 'tokensPerHour' | 'tokensPerDay' | 'tokensPerWeek' | 'tokensPerMonth' | 'tokensPerQuarter' | 'tokensPerYear' | 'requestsPerSecond' | 'requestsPerMinute' | 'callsInFlight' | 'costPerDay' | 'costPerMonth' | 'costPerQuarter' | 'costPerYear'
        readonly subject: string | null
        readonly used: number
        readonly reserved: number
        readonly refused: number
      })[]
    } | null
  })[]
}

export type LimitOverrideState = {
  readonly rule: string
  readonly measure: 'tokensPerMinute' | 'tokensPerHour' | 'tokensPerDay' | 'tokensPerWeek' | 'tokensPerMonth' | 'tokensPerQuarter' | 'tokensPerYear' | 'requestsPerSecond' | 'requestsPerMinute' | 'callsInFlight' | 'costPerDay' | 'costPerMonth' | 'costPerQuarter' | 'costPerYear' | null
  /** Milliseconds since the epoch; null after an end. */
  readonly untilMs: number | null
  /** `away`: Redis does not answer; the other replicas follow when it does. */
  readonly sharing: 'ok' | 'alone' | 'away'
}

export type LimitOverride = {
  /** Name of the rule, as `GET /api/v1/limits` and refusals have it. */
  readonly rule: string
  /** Which amount of the rule. Default: all of them. */
  readonly measure?: 'tokensPerMinute' | 'tokensPerHour' | 'tokensPerDay' | 'tokensPerWeek' | 'tokensPerMonth' | 'tokensPerQuarter' | 'tokensPerYear' | 'requestsPerSecond' | 'requestsPerMinute' | 'callsInFlight' | 'costPerDay' | 'costPerMonth' | 'costPerQuarter' | 'costPerYear'
  /** `2x` is twice the configured limit; or an amount as the configuration has it. */
  readonly to: string | number
  /**
   * When it ends by itself, within a year: 3h, 2d, today, tomorrow, friday, a date (2026-11-27) or an
   * instant (2026-11-27T18:00:00Z). Days are those of limits.timeZone.
   */
  readonly until: string
  /** Why, for those who read the audit trail. */
  readonly reason: string
}

export type EndOfLimitOverride = {
  /** Name of the rule, as `GET /api/v1/limits` and refusals have it. */
  readonly rule: string
  /** Which amount of the rule. Default: all of them. */
  readonly measure?: 'tokensPerMinute' | 'tokensPerHour' | 'tokensPerDay' | 'tokensPerWeek' | 'tokensPerMonth' | 'tokensPerQuarter' | 'tokensPerYear' | 'requestsPerSecond' | 'requestsPerMinute' | 'callsInFlight' | 'costPerDay' | 'costPerMonth' | 'costPerQuarter' | 'costPerYear'
}

export type Log = {
  /** Least severity that is written now. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** The same, as the configuration says. */
  readonly configured: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /**
   * When a level ends that was set at run time, in milliseconds since the epoch; null while the
   * configuration’s is in force.
   */
  readonly untilMs: number | null
  readonly format: 'json' | 'pretty'
  /** True if each call has a line, `call_ended`. */
  readonly access: boolean
}

export type Configuration = {
  readonly inForce: {
    readonly hash: string
    /** Its number in the history. */
    readonly version: number | null
    readonly takenAtMs: number | null
    readonly how: 'start' | 'file' | 'apply' | null
    readonly by: string | null
    readonly name: string | null
    /** Without secrets. */
    readonly text: string
    readonly values: readonly (ConfigurationValue)[]
    readonly waitForRestart: readonly (string)[]
  }
  readonly file: {
    readonly path: string
    readonly state: 'in_force' | 'not_taken' | 'refused' | 'unreadable'
    readonly hash: string | null
    readonly text: string | null
    readonly problems: readonly (ConfigurationProblem)[]
  }
  readonly apply: 'allowed' | 'off' | 'read_only' | 'no_permission'
}

export type ConfigurationValue = {
  readonly path: string
  /** As it is written in YAML; null where it is not given out. */
  readonly value: string | null
  readonly source: 'file' | 'environment' | 'secret-file' | 'default'
  /** The variable or file that the text names. */
  readonly from: string | null
  readonly line: number | null
  readonly needsRestart: boolean
}

export type ConfigurationProblem = {
  readonly code: 'unreadable' | 'syntax' | 'duplicate_key' | 'unknown_key' | 'missing_key' | 'wrong_type' | 'wrong_value' | 'reserved_name' | 'unknown_name' | 'duplicate' | 'conflict' | 'expression' | 'missing_variable' | 'missing_file' | 'risk'
  readonly path: string
  readonly line: number | null
  readonly column: number | null
  readonly seen: string | null
  readonly expected: string
  readonly nearest: string | null
}

export type ConfigurationSchema = Readonly<Record<string, unknown>>

export type ConfigurationHistory = {
  /** Newest first. */
  readonly versions: readonly ({
    readonly id: number
    readonly hash: string
    readonly takenAtMs: number
    readonly how: 'start' | 'file' | 'apply'
    readonly by: string | null
    readonly name: string | null
  })[]
}

export type ConfigurationVersion = {
  readonly id: number
  readonly hash: string
  readonly takenAtMs: number
  readonly how: 'start' | 'file' | 'apply'
  readonly by: string | null
  readonly name: string | null
  readonly text: string
}

export type ConfigurationCheck = {
  readonly problems: readonly (ConfigurationProblem)[]
  readonly problemCount: number
  /** As far as they can be told while there are problems. */
  readonly warnings: readonly (ConfigurationProblem)[]
  /** What could not be checked because of the problems, and why; a line each. */
  readonly unchecked: readonly (string)[]
  readonly waitForRestart: readonly (string)[]
}

export type ConfigurationApplied = {
  readonly hash: string
  readonly waitForRestart: readonly (string)[]
}

export type Callers = {
  readonly callers: readonly ({
    /** `user:{tid}/{oid}` or `app:{tid}/{appid}`. */
    readonly key: string
    /** Newest display name; the key where there is none. */
    readonly name: string
    /** Null for callers that the ledger has no number for, together. */
    readonly kind: 'user' | 'application' | null
    /** That their calls named. */
    readonly workloads: readonly (string)[]
    /** Milliseconds since the epoch. */
    readonly lastCallAtMs: number
    readonly calls: number
    readonly completed: number
    readonly refused: number
    readonly failed: number
    readonly aborted: number
    readonly interrupted: number
    readonly promptTokens: number
    readonly cachedTokens: number
    readonly completionTokens: number
    readonly reasoningTokens: number
    readonly totalTokens: number
    readonly countedCalls: number
    readonly averageDurationMs: number | null
    /** Calls that the gateway sent by itself; they are in all other figures too. */
    readonly copies: number
    /** Sums of what had a price, one per currency. */
    readonly costs: readonly ({
      /** Billionths of the currency. */
      readonly nano: number
      /** ISO 4217. */
      readonly currency: string
    })[]
    /** Calls with tokens whose model had no price: their cost is in no sum. */
    readonly unpricedCalls: number
    /**
     * Roles here as of the last request that this process saw, or by a rule that names the caller; null
     * where neither is known.
     */
    readonly roles: readonly ('viewer' | 'developer' | 'auditor' | 'operator' | 'admin' | 'custodian' | 'eraser')[] | null
  })[]
  /** Callers that fit, on all pages. */
  readonly found: number
  /** Pass as `before` for the next page; null at the end. */
  readonly next: string | null
}

export type Errors = {
  /** Most calls first, at most 200 kinds. */
  readonly errors: readonly ({
    readonly outcome: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted'
    /** Code of the refusal or the failure; null for an answer of a backend. */
    readonly code: string | null
    readonly status: number | null
    readonly calls: number
    /** Milliseconds since the epoch. */
    readonly lastCallAtMs: number
  })[]
}

export type Workloads = {
  readonly workloads: readonly ({
    readonly name: string
    readonly targets: readonly ({
      readonly name: string
      /** What an SDK takes as its endpoint, below the gateway. */
      readonly path: string
    })[]
    /** Deployments that the workload may use. */
    readonly deployments: readonly (string)[]
    /** Models of these deployments, as the instances name them. */
    readonly models: readonly ({
      readonly deployment: string
      readonly model: string
    })[]
    /** Rules of which one must match a caller. */
    readonly callers: readonly ({
      readonly kind: 'user' | 'app' | 'group' | 'role' | 'scope' | 'managedIdentity' | 'tenant'
      readonly value: string
    })[]
    /** True when a rule matches the caller who asks. */
    readonly mayCall: boolean
    readonly operations: readonly (string)[]
    readonly tools: readonly (string)[]
    readonly serviceTiers: readonly (string)[]
    readonly dataSources: 'refuse' | 'callerCredentials' | 'allow'
    readonly outsideUrls: 'allow' | 'refuse'
    readonly background: 'allow' | 'refuse'
    readonly store: 'allow' | 'refuse'
    readonly storedPrompts: 'allow' | 'refuse'
    /** What the ledger keeps of its calls. */
    readonly capture: 'full' | 'metadata'
    /** Priority class: who goes first where calls wait. */
    readonly priority: string
    readonly output: {
      readonly required: boolean
      /** Put into calls that set no maximum, tokens. */
      readonly standard: number | null
      /** Largest maximum that a call may set, tokens. */
      readonly most: number | null
    }
    /** Shares of calls that another deployment answers. */
    readonly canary: readonly ({
      readonly deployment: string
      readonly to: string
      readonly percent: number
    })[]
    /** Shares of calls that are copied to another deployment. */
    readonly shadow: readonly ({
      readonly deployment: string
      readonly to: string
      readonly target: string | null
      readonly percent: number
    })[]
  })[]
  /** Address of the gateway for programs; null for a collector. */
  readonly gateway: string | null
  /** For which a token may be; the first is the usual one. */
  readonly audiences: readonly (string)[]
}

export type Workload = {
  readonly name: string
  readonly targets: readonly ({
    readonly name: string
    /** What an SDK takes as its endpoint, below the gateway. */
    readonly path: string
  })[]
  /** Deployments that the workload may use. */
  readonly deployments: readonly (string)[]
  /** Models of these deployments, as the instances name them. */
  readonly models: readonly ({
    readonly deployment: string
    readonly model: string
  })[]
  /** Rules of which one must match a caller. */
  readonly callers: readonly ({
    readonly kind: 'user' | 'app' | 'group' | 'role' | 'scope' | 'managedIdentity' | 'tenant'
    readonly value: string
  })[]
  /** True when a rule matches the caller who asks. */
  readonly mayCall: boolean
  readonly operations: readonly (string)[]
  readonly tools: readonly (string)[]
  readonly serviceTiers: readonly (string)[]
  readonly dataSources: 'refuse' | 'callerCredentials' | 'allow'
  readonly outsideUrls: 'allow' | 'refuse'
  readonly background: 'allow' | 'refuse'
  readonly store: 'allow' | 'refuse'
  readonly storedPrompts: 'allow' | 'refuse'
  /** What the ledger keeps of its calls. */
  readonly capture: 'full' | 'metadata'
  /** Priority class: who goes first where calls wait. */
  readonly priority: string
  readonly output: {
    readonly required: boolean
    /** Put into calls that set no maximum, tokens. */
    readonly standard: number | null
    /** Largest maximum that a call may set, tokens. */
    readonly most: number | null
  }
  /** Shares of calls that another deployment answers. */
  readonly canary: readonly ({
    readonly deployment: string
    readonly to: string
    readonly percent: number
  })[]
  /** Shares of calls that are copied to another deployment. */
  readonly shadow: readonly ({
    readonly deployment: string
    readonly to: string
    readonly target: string | null
    readonly percent: number
  })[]
  /** Address of the gateway for programs; null for a collector. */
  readonly gateway: string | null
  /** For which a token may be; the first is the usual one. */
  readonly audiences: readonly (string)[]
  /** That its calls meet. */
  readonly limits: readonly (LimitRule)[]
  /** Currency of limits of cost, ISO 4217. */
  readonly currency: string
}

export type AuditPage = {
  /** Newest first. A page may be short although there are more. */
  readonly entries: readonly ({
    /** Number of the entry in its trail. */
    readonly seq: number
    readonly time: string
    readonly action: string
    readonly outcome: 'asked' | 'done' | 'failed' | 'refused'
    readonly actor: string
    readonly name: string | null
    readonly address: string | null
    readonly requestId: string | null
    readonly reason: string | null
    readonly facts: Readonly<Record<string, string | number | boolean | null | readonly (string)[]>>
    readonly prev: string
    readonly hash: string
  })[]
  /** Pass as `before` for older ones; null at the end. */
  readonly next: number | null
  /** The newest entry. Noted elsewhere, it proves all entries up to it. */
  readonly head: {
    readonly seq: number
    readonly hash: string
  } | null
}

export type AuditVerified = {
  /** As they were written, from the beginning to the first fault. */
  readonly entries: number
  readonly segments: number
  readonly first: {
    readonly seq: number
    readonly hash: string
  } | null
  readonly last: {
    readonly seq: number
    readonly hash: string
  } | null
  /** The first one; null for a chain that is whole. */
  readonly fault: {
    readonly file: string | null
    readonly line: number | null
    readonly seq: number | null
    readonly why: string
  } | null
  /** What is no fault, and may be worth a look. */
  readonly notes: readonly (string)[]
}

export type QueryResult = {
  readonly columns: readonly ({
    readonly name: string
    readonly type: string
  })[]
  readonly rows: readonly (readonly (unknown)[])[]
  /** Why rows are missing: `rows`, there were more than `rowsMax`; `bytes`, the answer would be too long. */
  readonly truncated: 'rows' | 'bytes' | null
  readonly elapsedMs: number
  readonly bodies: {
    /** Records of the workload and day. */
    readonly records: number
    /** How many of them were looked at: the newest ones. */
    readonly read: number
    /** How many of those had bodies that were deleted (`ledger.retain.bodies`). */
    readonly deleted: number
    /** How many of those never had bodies (`capture: metadata`). */
    readonly uncaptured: number
    /** How many of those have bodies that are damaged, or larger than 8 MiB. */
    readonly unread: number
  } | null
}

export type Query = {
  /** One SELECT in the dialect of DuckDB. */
  readonly sql: string
  /** Rows after which the answer ends. */
  readonly rowsMax?: number
  /** Milliseconds after which the query is stopped. */
  readonly timeoutMs?: number
  /**
   * The query has the table `bodies` too, of one workload's day (UTC). Needs the role auditor and a
   * reason.
   */
  readonly bodies?: {
    readonly workload: string
    readonly day: string
  }
}

export type QuerySchema = {
  readonly tables: readonly ({
    readonly name: string
    readonly description: string
    readonly columns: readonly ({
      readonly name: string
      readonly type: string
      readonly description: string
      /** All values that there are; empty where they are open. */
      readonly values: readonly (string)[]
    })[]
  })[]
  /** Functions that queries may call. */
  readonly functions: readonly (string)[]
}

export type SearchPage = {
  /** The first place in each body that has the text, newest record first. */
  readonly hits: readonly ({
    readonly id: string
    readonly startedAtMs: number
    readonly callerKey: string | null
    readonly callerName: string | null
    readonly in: 'request' | 'response'
    /** The text as the body has it, on one line. */
    readonly found: string
    readonly before: string
    readonly after: string
  })[]
  /** Records that were looked at, those without bodies included. */
  readonly searched: number
  /** Records of the workload and day that are older than `before`. */
  readonly records: number
  /** How many of the searched had bodies that were deleted (`ledger.retain.bodies`). */
  readonly deleted: number
  /** How many of the searched never had bodies (`capture: metadata`). */
  readonly uncaptured: number
  /** How many of the searched have bodies that are damaged, or larger than 32 MiB. */
  readonly unread: number
  /** Pass as `before` to search the rest; null when all were searched. */
  readonly next: string | null
}

export type LegalHolds = {
  /** Oldest first. */
  readonly holds: readonly (LegalHold)[]
}

export type LegalHold = {
  readonly id: string
  /** Key of the caller; null for every caller. */
  readonly caller: string | null
  /** Null for every workload. */
  readonly workload: string | null
  /** Milliseconds since the epoch. */
  readonly fromMs: number | null
  /** Milliseconds since the epoch. */
  readonly toMs: number | null
  readonly reason: string
  /** Key of who set it. */
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

export type ErasePreview = {
  readonly filter: {
    /** Key of the person. */
    readonly caller: string
    readonly workload: string | null
    /** Milliseconds since the epoch. */
    readonly fromMs: number | null
    /** Milliseconds since the epoch. */
    readonly toMs: number | null
  }
  /** As the newest record has it. */
  readonly name: string | null
  readonly records: number
  /** Records of these that are in archives. */
  readonly archived: number
  /** Archives that get a new file. */
  readonly archives: number
  /** Segments of the journal that get a new file. */
  readonly segments: number
  /** Bytes that passed as bodies; the journal has them for `retain.bodies`. */
  readonly bodyBytes: number
  /** Begin of the first record. */
  readonly fromMs: number | null
  /** Begin of the last record. */
  readonly toMs: number | null
  /** Records on legal hold, which stay. Not among the others. */
  readonly heldRecords: number
  /** Ids of the holds that may stand against it. */
  readonly holds: readonly (string)[]
  /** Feeds that may have shipped the records, where they stay. */
  readonly feeds: readonly (string)[]
  /** Orders the erasure of these records. */
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

export type Erasure = {
  readonly id: string
  /** `failed`: it is tried again within an hour, and at the next start. */
  readonly state: 'running' | 'failed' | 'done'
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  readonly error: string | null
  readonly certificate: EraseCertificate
}

export type EraseCertificate = {
  readonly id: string
  /** Key of the caller that the records have now. */
  readonly pseudonym: string
  readonly workload: string | null
  /** Milliseconds since the epoch. */
  readonly fromMs: number | null
  /** Milliseconds since the epoch. */
  readonly toMs: number | null
  readonly reason: string
  /** Key of who ordered it. */
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  /** Milliseconds since the epoch. */
  readonly finishedAtMs: number
  readonly records: number
  readonly archived: number
  /** Milliseconds since the epoch. */
  readonly firstMs: number | null
  /** Milliseconds since the epoch. */
  readonly lastMs: number | null
  readonly segments: readonly ({
    readonly segment: number
    /** Entries that were rewritten. */
    readonly entries: number
    /** Bytes of bodies that were removed. */
    readonly bodyBytes: number
    /** SHA-256 of the file before; null where the process died before it had noted it. */
    readonly before: string | null
    readonly after: string
  })[]
  readonly archives: readonly ({
    readonly file: string
    readonly newFile: string
  })[]
  /** What the erasure has not removed, and why. */
  readonly left: readonly ({
    readonly what: 'held' | 'feeds' | 'audit' | 'objects' | 'damaged' | 'aside' | 'elsewhere'
    readonly count: number | null
    readonly why: string
  })[]
} | null

export type Erasures = {
  /** Newest first. */
  readonly erasures: readonly (Erasure)[]
}

export type RecordCost = {
  /** As the record has it; null where nothing was billed or no price was known. */
  readonly cost: {
    readonly nano: number
    readonly currency: string
    readonly price: string
  } | null
  /** Null where the prices of now do not give the recorded cost: they were changed since. */
  readonly lines: readonly ({
    readonly part: 'prompt' | 'cached' | 'audioPrompt' | 'imagePrompt' | 'completion' | 'reasoning' | 'audioCompletion' | 'imageCompletion'
    readonly tokens: number
    /** Billionths of the currency, as the list has it. */
    readonly nanoPerToken: number
    /** What these tokens cost; all lines together, rounded, are `cost`. */
    readonly nano: number
  })[] | null
  /** Share of the price that was paid: less than 1 for a batch. */
  readonly share: number | null
}

export type KeptBodies = {
  readonly id: string
  /**
   * `none`: no byte passed. `answered_here`: the gateway answered itself, with `message` of the record.
   * `not_captured`: the workload records figures only, or the body was erased. `purged`:
   * `ledger.retain.bodies` deleted it.
   */
  readonly request: 'kept' | 'none' | 'answered_here' | 'not_captured' | 'purged'
  /**
   * `none`: no byte passed. `answered_here`: the gateway answered itself, with `message` of the record.
   * `not_captured`: the workload records figures only, or the body was erased. `purged`:
   * `ledger.retain.bodies` deleted it.
   */
  readonly response: 'kept' | 'none' | 'answered_here' | 'not_captured' | 'purged'
}

export type RecordBodies = {
  readonly id: string
  /** Null when not captured, or purged. */
  readonly request: {
    readonly contentType: string | null
    readonly bytes: number
    /** The bytes as they passed. */
    readonly base64: string
  } | null
  readonly response: {
    readonly contentType: string | null
    readonly bytes: number
    /** The bytes as they passed. */
    readonly base64: string
    /** What the answer says, also when it was a stream; null when it cannot be told. */
    readonly assembled?: unknown
  } | null
}

export type Explanation = {
  readonly question: {
    readonly caller: {
      readonly key: string
      readonly name: string | null
      readonly groups: readonly (string)[]
      readonly roles: readonly (string)[]
      readonly scopes: readonly (string)[]
      readonly managedIdentityId: string | null
    } | null
    readonly method: string
    readonly url: string
    readonly workloadHeader: string | null
    readonly model: string | null
  }
  /** Null where a record does not hold what decides. */
  readonly allowed: boolean | null
  /** True where the room in limits and the instances were looked at. */
  readonly live: boolean
  readonly steps: readonly (ExplainStep)[]
  readonly destination: {
    readonly workload: string
    readonly target: string
    readonly deployment: string | null
    /** Instances in the order in which they are tried; those of one step share the calls. */
    readonly order: readonly (readonly ({
      readonly instance: string
      readonly alias: string | null
    })[])[]
  } | null
  /** What came of the call, where a record is explained. */
  readonly record: {
    readonly id: string
    readonly startedAtMs: number
    readonly outcome: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted'
    readonly outcomeCode: string | null
    readonly status: number | null
    readonly instance: string | null
    /** The stage that refused it; null for a call that was not refused. */
    readonly stage: string | null
  } | null
  /** What a record does not hold, and what was taken instead. */
  readonly assumed: readonly (string)[]
}

export type ExplainStep = {
  readonly stage: string
  /** `unknown` only for a record, which does not hold what the stage decided by. */
  readonly verdict: 'pass' | 'refuse' | 'unknown'
  readonly text: string
  readonly details: readonly (string)[]
  /** Settings that decided. */
  readonly settings: readonly ({
    /** Place in the configuration. */
    readonly path: string
    /** As it is in force. */
    readonly value?: unknown
  })[]
  /** The answer that the caller gets. */
  readonly answer: {
    readonly status: number
    readonly code: string
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly retryAfterMs: number | null
  } | null
}

export type ExplainQuestion = {
  /** `self`: the caller of this request, with its groups and roles. Null: a call without a token. */
  readonly caller: 'self' | {
    /** Key of the caller: `user:{tid}/{oid}` or `app:{tid}/{appid}`. */
    readonly key: string
    /** For people to read; it decides nothing. */
    readonly name?: string
    /** The program with which a person signed in. */
    readonly appId?: string
    readonly groups?: readonly (string)[]
    readonly roles?: readonly (string)[]
    readonly scopes?: readonly (string)[]
    /** ARM id of a managed identity. */
    readonly managedIdentityId?: string
    /** Audience of its tokens. Default: the first that is accepted. */
    readonly audience?: string
    /** True where the token leaves its groups out because there are too many. */
    readonly groupsOverage?: boolean
  } | null
  readonly method?: string
  /** Path and query, as the client calls it. */
  readonly url: string
  /** Header fields that decide. Credentials are not among them. */
  readonly headers?: {
    readonly 'x-gatehouse-workload'?: string
    readonly 'content-type'?: string
    readonly 'x-ms-oai-image-generation-deployment'?: string
  }
  /** `model` of the body, where nothing else of the body is known. */
  readonly model?: string
  /** The body as the client sends it. */
  readonly body?: string
  /**
   * Time of the call. Limits and instances are then only named. Default: now, as the process would
   * answer.
   */
  readonly at?: string
}

export type Replay = {
  /** As the check of a configuration says them. */
  readonly problems: readonly (ConfigurationProblem)[]
  /** Null where the configuration has problems. */
  readonly report: {
    readonly calls: number
    readonly same: number
    readonly changes: readonly (ReplayedCall)[]
    /** Copies that the gateway sent by itself; they are left out. */
    readonly copies: number
    readonly fromMs: number | null
    readonly toMs: number | null
    /** What cannot be told from records. */
    readonly untold: readonly (string)[]
  } | null
}

export type ReplayedCall = {
  /** Id of the record. */
  readonly id: string
  readonly startedAtMs: number
  readonly caller: string | null
  readonly workload: string | null
  /**
   * `refused`: would be refused now. `allowed`: would be allowed now. `otherwise`: refused both times,
   * for another reason. `elsewhere`: goes to other instances. `unknown`: the record does not hold what
   * decides.
   */
  readonly kind: 'refused' | 'allowed' | 'otherwise' | 'elsewhere' | 'unknown'
  readonly codes: {
    readonly before: string | null
    readonly after: string | null
  }
  readonly reason: string
  readonly settings: readonly ({
    /** Place in the configuration. */
    readonly path: string
    /** As it is in force. */
    readonly value?: unknown
  })[]
}

export type ReplayQuestion = {
  /** YAML text of a configuration. */
  readonly configuration: string
  /** The latest so many. */
  readonly records?: number
}

/** By operation: what goes in, and what comes out. */
export interface Operations {
  /** The caller, as the gateway sees it. */
  'GET /api/v1/whoami': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: WhoAmI
  }
  /** Version, how the process runs, what it is made of; for viewers also how its parts are. */
  'GET /api/v1/about': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: About
  }
  /**
   * The caller's own use: calls, tokens and cost of this month, limits left, workloads and how programs
   * reach them.
   */
  'GET /api/v1/me': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Me
  }
  /** The caller's own calls, tokens, cost and times over time, as /api/v1/series gives them. */
  'GET /api/v1/me/series': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from: string
      /** Started before this. Default: now. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** At most 2000 steps; 1000 where `by` breaks them down. */
      readonly step?: 'minute' | 'hour' | 'day' | undefined
      /** Time zone that days begin in. Minutes and hours are those of UTC. */
      readonly tz?: string | undefined
      readonly by?: 'workload' | 'caller' | 'instance' | 'deployment' | 'model' | 'operation' | 'outcome' | 'copy' | 'replica' | undefined
      /**
       * Groups that are shown by themselves, those with most tokens, and fewer where that would be more
       * than 2000 points; all others are one group together.
       */
      readonly top?: number | undefined
    }
    readonly body: undefined
    readonly answer: Series
  }
  /** Figures of one of the caller's own calls; waits for the end of one that is still running. */
  'GET /api/v1/me/calls/{id}': {
    readonly path: {
      readonly id: string
    }
    readonly query: {
      /** How long to wait for the end of a call that is still running. Default 0. */
      readonly waitSeconds?: number | undefined
    }
    readonly body: undefined
    readonly answer: GatehouseRecord
  }
  /** What the caller may use in the playground: workloads, their targets, and the deployments of each. */
  'GET /api/v1/playground': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Playground
  }
  /** Sends a call of chat/completions to the gateway, as the caller, and passes its answer on as it comes. */
  'POST /api/v1/playground/chat/completions': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Workload to call as. */
      readonly workload: string
      /** Instance or pool to call. */
      readonly target: string
    }
    readonly body: Readonly<Record<string, unknown>>
    readonly answer: string
  }
  /** Sends a call of responses to the gateway, as the caller, and passes its answer on as it comes. */
  'POST /api/v1/playground/responses': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Workload to call as. */
      readonly workload: string
      /** Instance or pool to call. */
      readonly target: string
    }
    readonly body: Readonly<Record<string, unknown>>
    readonly answer: string
  }
  /** Calls and tokens, broken down as asked. */
  'GET /api/v1/usage': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /**
       * One or more of workload, caller, instance, deployment, model, operation, outcome, copy, replica,
       * month, day, hour, with commas between them.
       */
      readonly by?: string | undefined
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** Time zone of the days, months and hours of `by`. */
      readonly tz?: string | undefined
    }
    readonly body: undefined
    readonly answer: UsageReport
  }
  /** Calls, tokens, cost and times over time, step by step, and broken down by one dimension. */
  'GET /api/v1/series': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from: string
      /** Started before this. Default: now. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** At most 2000 steps; 1000 where `by` breaks them down. */
      readonly step?: 'minute' | 'hour' | 'day' | undefined
      /** Time zone that days begin in. Minutes and hours are those of UTC. */
      readonly tz?: string | undefined
      readonly by?: 'workload' | 'caller' | 'instance' | 'deployment' | 'model' | 'operation' | 'outcome' | 'copy' | 'replica' | undefined
      /**
       * Groups that are shown by themselves, those with most tokens, and fewer where that would be more
       * than 2000 points; all others are one group together.
       */
      readonly top?: number | undefined
    }
    readonly body: undefined
    readonly answer: Series
  }
  /** State of the ledger: whether it can write records, and what was lost. */
  'GET /api/v1/ledger': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Ledger
  }
  /** What needs attention, worst first: what it is, since when, where to look, and what to do. */
  'GET /api/v1/attention': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: AttentionList
  }
  /** Feeds: state of each, how far it is behind, and what it has done, of all replicas and of each. */
  'GET /api/v1/feeds': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Feeds
  }
  /**
   * Pauses a feed until it is resumed, also over restarts. The journal keeps what it has not taken.
   * Recorded.
   */
  'POST /api/v1/feeds/{name}/pause': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Feed
  }
  /** Resumes a paused feed; a failing one is tried again at once. Recorded. */
  'POST /api/v1/feeds/{name}/resume': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Feed
  }
  /** Sends again what ended at a time or later, as far as the journal still has it. Recorded. */
  'POST /api/v1/feeds/{name}/rewind': {
    readonly path: {
      readonly name: string
    }
    readonly query: {
      /** What ended at this time or later is sent again. */
      readonly to: string
    }
    readonly body: undefined
    readonly answer: Feed
  }
  /** Sources of a collector: what it has taken from each since it started. Empty for a gateway. */
  'GET /api/v1/sources': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Sources
  }
  /** Instances and pools as they are configured, without secrets, and how all replicas together see them. */
  'GET /api/v1/instances': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Instances
  }
  /**
   * Asks an instance for its models with the gateway’s credential, which bills nothing. Each probe is
   * recorded.
   */
  'POST /api/v1/instances/{name}/probe': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Probe
  }
  /**
   * Sends no new calls to an instance until it is restored, also over restarts. Running calls end, and
   * calls that need an object of the instance still go there. Logged.
   */
  'POST /api/v1/instances/{name}/drain': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Drain
  }
  /** Sends calls to a drained instance again. Logged. */
  'POST /api/v1/instances/{name}/restore': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Drain
  }
  /** Limits, rule by rule: what is used, reserved and left, and the state of the store of the counters. */
  'GET /api/v1/limits': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Only rules that calls of this workload may meet. */
      readonly workload?: string | undefined
    }
    readonly body: undefined
    readonly answer: Limits
  }
  /**
   * Changes a limit for a time, at all replicas and over restarts. It ends by itself. What was used stays
   * counted. Recorded.
   */
  'POST /api/v1/limits/overrides': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: LimitOverride
    readonly answer: LimitOverrideState
  }
  /** Ends an override before its time: the limit of the configuration counts again. Recorded. */
  'POST /api/v1/limits/overrides/end': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: EndOfLimitOverride
    readonly answer: LimitOverrideState
  }
  /**
   * Server-sent events: `record`, each record as it is loaded, for these filters; `instances`, `limits`
   * and `feeds`, the answers of these routes when they have changed, at most every second.
   */
  'GET /api/v1/live': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** Some of record, instances, limits, feeds, with commas between them. Default: all. */
      readonly events?: string | undefined
      /**
       * `cursor` of a list: the records that came after it are the first. `Last-Event-ID` counts before
       * it.
       */
      readonly after?: string | undefined
      /** The stream ends after so many seconds. Default 600. */
      readonly forSeconds?: number | undefined
    }
    readonly body: undefined
    readonly answer: string
  }
  /** What the process that answers logs: level and form. */
  'GET /api/v1/log': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Log
  }
  /** Logs from a severity on, until a time has passed or the configuration is read again. Recorded. */
  'POST /api/v1/log/level': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Least severity that is written. */
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      /** After this time the level of the configuration is in force again. */
      readonly seconds?: number | undefined
    }
    readonly body: undefined
    readonly answer: Log
  }
  /** Logs as the configuration says. Recorded. */
  'POST /api/v1/log/reset': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Log
  }
  /**
   * Metrics in the text format of Prometheus, or in OpenMetrics where `Accept` names it. With
   * `admin.metricsWithoutToken` it asks for no token.
   */
  'GET /metrics': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: string
  }
  /** The configuration in force, value by value and as text, without secrets; and the state of its file. */
  'GET /api/v1/config': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Configuration
  }
  /** The JSON Schema of a configuration, for editors; as gatehouse.schema.json. */
  'GET /api/v1/config/schema': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: ConfigurationSchema
  }
  /** Configurations that were in force, newest first: since when, how it came, by whom. */
  'GET /api/v1/config/history': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: ConfigurationHistory
  }
  /** One of them with its text, without secrets. */
  'GET /api/v1/config/history/{version}': {
    readonly path: {
      readonly version: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: ConfigurationVersion
  }
  /** Says everything that is wrong with a configuration, as gatehouse config check. Changes nothing. */
  'POST /api/v1/config/check': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: {
      /** The whole text, YAML. A secret that was left out, as "${kept:…}", stays what it is. */
      readonly text: string
    }
    readonly answer: ConfigurationCheck
  }
  /** Puts a configuration in the place of the file and uses it, or does neither. Recorded. */
  'POST /api/v1/config/apply': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: {
      /** The whole text, YAML. A secret that was left out, as "${kept:…}", stays what it is. */
      readonly text: string
      /** `file.hash` as it was when the change began: another file since then is not overwritten. */
      readonly expectedHash: string
    }
    readonly answer: ConfigurationApplied
  }
  /** All callers: kind, workloads, calls, tokens, cost, errors, the last call, and roles where known. */
  'GET /api/v1/callers': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** Part of a name or a key, in either case. */
      readonly search?: string | undefined
      readonly kind?: 'user' | 'application' | undefined
      /** Largest and latest first, names from A on. `cost`: by the first currency. */
      readonly order?: 'tokens' | 'calls' | 'cost' | 'failed' | 'refused' | 'last' | 'name' | undefined
      /** Callers a page. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly before?: string | undefined
    }
    readonly body: undefined
    readonly answer: Callers
  }
  /** How calls ended badly, by outcome, code and status, and how often each. */
  'GET /api/v1/errors': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
    }
    readonly body: undefined
    readonly answer: Errors
  }
  /** Workloads as they are configured: who may call, what they may use, and how programs reach them. */
  'GET /api/v1/workloads': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Workloads
  }
  /** One workload, and the limits that its calls meet. */
  'GET /api/v1/workloads/{name}': {
    readonly path: {
      readonly name: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Workload
  }
  /** The audit trail of the process that answers, newest entry first. */
  'GET /api/v1/audit': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Key of a caller (`user:{tid}/{oid}`), a display name (exact), `gatehouse`, or `stranger`. */
      readonly actor?: string | undefined
      readonly action?: string | undefined
      readonly outcome?: 'asked' | 'done' | 'failed' | 'refused' | undefined
      /** At or after this. */
      readonly from?: string | undefined
      /** Before this. */
      readonly to?: string | undefined
      /** Entries a page. Default 100. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly before?: string | undefined
    }
    readonly body: undefined
    readonly answer: AuditPage
  }
  /** All entries that a filter selects, newest first, as a file. Texts of CSV are safe from spreadsheets. */
  'GET /api/v1/audit/export': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Key of a caller (`user:{tid}/{oid}`), a display name (exact), `gatehouse`, or `stranger`. */
      readonly actor?: string | undefined
      readonly action?: string | undefined
      readonly outcome?: 'asked' | 'done' | 'failed' | 'refused' | undefined
      /** At or after this. */
      readonly from?: string | undefined
      /** Before this. */
      readonly to?: string | undefined
      readonly format?: 'csv' | 'jsonl' | undefined
    }
    readonly body: undefined
    readonly answer: string
  }
  /** Checks the chain of the trail from its first entry to its last, as gatehouse audit verify. */
  'GET /api/v1/audit/verify': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: AuditVerified
  }
  /** Answers a SELECT over the records. It changes nothing and is recorded with its text. */
  'POST /api/v1/query': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: Query
    readonly answer: QueryResult
  }
  /** Tables that queries read, their columns, and what each means. */
  'GET /api/v1/query/schema': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: QuerySchema
  }
  /**
   * All records that a filter selects, newest first, as a file: figures, safe from spreadsheets, or
   * conversations.
   */
  'GET /api/v1/records/export': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /**
       * Parquet has at most 1000000 records; the other forms have no limit. conversations: a line of JSON
       * for each record, with the messages where `bodies` is true.
       */
      readonly format?: 'csv' | 'jsonl' | 'parquet' | 'conversations' | undefined
      /**
       * Conversations with their messages. This needs the role auditor and a reason; a developer gets
       * their own calls.
       */
      readonly bodies?: boolean | undefined
      /** Conversations with both bodies in base64 too. */
      readonly raw?: boolean | undefined
      /** Last record of a file that broke off. The answer has the records after it. */
      readonly before?: string | undefined
      /** `x-gatehouse-export-up-to` of the first answer. The rest has no record that came later. */
      readonly upTo?: string | undefined
      /** `x-gatehouse-export` of the first answer. Both are one export in the audit trail. */
      readonly export?: string | undefined
    }
    readonly body: undefined
    readonly answer: string
  }
  /** Records that came after a cursor, oldest first; waits for the first one. */
  'GET /api/v1/records/tail': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** `cursor` of an earlier answer of list or tail. */
      readonly after: string
      /** Records an answer. Default 50. */
      readonly limit?: number | undefined
      /** How long to wait for a record when there is none yet. Default 25. */
      readonly waitSeconds?: number | undefined
    }
    readonly body: undefined
    readonly answer: RecordsPage
  }
  /** Looks for a text in the bodies of one workload's day. Each search is logged. */
  'GET /api/v1/records/search': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Text as people read it, in either case. */
      readonly text: string
      readonly workload: string
      /** Day of the start, UTC. */
      readonly day: string
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      /** Hits after which the search stops. Default 50. */
      readonly limit?: number | undefined
      /** `next` of the answer before. */
      readonly before?: string | undefined
    }
    readonly body: undefined
    readonly answer: SearchPage
  }
  /** Legal holds: records that neither retention nor an erasure removes. */
  'GET /api/v1/records/holds': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: LegalHolds
  }
  /** Sets a legal hold on the records that a filter selects, those to come included. Recorded. */
  'POST /api/v1/records/holds': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: {
      /**
       * Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (whole, in any
       * case).
       */
      readonly caller?: string
      readonly workload?: string
      /** Started at or after this. */
      readonly from?: string
      /** Started before this. */
      readonly to?: string
      readonly reason: string
    }
    readonly answer: LegalHold
  }
  /** Lifts a legal hold. Retention then deletes what is too old at its next look. Recorded. */
  'POST /api/v1/records/holds/{id}/remove': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: LegalHold
  }
  /**
   * What an erasure of one person would remove, and the token with which it is ordered. Changes nothing.
   * Recorded.
   */
  'POST /api/v1/records/erasures/preview': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: {
      readonly caller: string
      readonly workload?: string
      /** Started at or after this. */
      readonly from?: string
      /** Started before this. */
      readonly to?: string
    }
    readonly answer: ErasePreview
  }
  /** Erases the bodies and names of one person from the ledger of the process that answers. Recorded. */
  'POST /api/v1/records/erasures': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: {
      readonly caller: string
      readonly workload?: string
      /** Started at or after this. */
      readonly from?: string
      /** Started before this. */
      readonly to?: string
      /** A preview of the same records gave it, at most 15 minutes before. */
      readonly token: string
      /** Kept with the certificate: it must not name the person. */
      readonly reason: string
    }
    readonly answer: Erasure
  }
  /** Erasures, newest first, with the certificates of those that are done. */
  'GET /api/v1/records/erasures': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Erasures
  }
  /** One erasure, with its certificate when it is done. */
  'GET /api/v1/records/erasures/{id}': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Erasure
  }
  /** Figures of calls, newest first, without bodies. */
  'GET /api/v1/records': {
    readonly path: Readonly<Record<never, never>>
    readonly query: {
      /** Started at or after this. */
      readonly from?: string | undefined
      /** Started before this. */
      readonly to?: string | undefined
      readonly workload?: string | undefined
      /** Caller key (`user:{tid}/{oid}`, `app:{tid}/{appid}`), object id, or display name (exact). */
      readonly caller?: string | undefined
      readonly instance?: string | undefined
      readonly deployment?: string | undefined
      readonly model?: string | undefined
      readonly operation?: string | undefined
      /** Gateway process that served the call. */
      readonly replica?: string | undefined
      readonly outcome?: 'completed' | 'refused' | 'failed' | 'aborted' | 'interrupted' | undefined
      /** Code of a refusal or a failure. */
      readonly outcomeCode?: string | undefined
      readonly status?: number | undefined
      /** Copies of this kind; `none`: what clients asked, without copies. */
      readonly copyKind?: 'shadow' | 'hedge' | 'follow_up' | 'none' | undefined
      /** Copies of this exchange. */
      readonly copyOf?: string | undefined
      /** Calls that created this object. */
      readonly objectId?: string | undefined
      /** Calls with more tokens in all than this. */
      readonly tokensOver?: number | undefined
      /** Calls that cost more, in billionths of the currency. */
      readonly costOverNano?: number | undefined
      /** Calls that took longer than so many milliseconds. */
      readonly durationOverMs?: number | undefined
      /** Records a page. Default 50. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly before?: string | undefined
      /** A beginning or an end of the id, of at least 4 characters. */
      readonly id?: string | undefined
    }
    readonly body: undefined
    readonly answer: RecordsPage
  }
  /** Figures of one exchange. */
  'GET /api/v1/records/{id}': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: GatehouseRecord
  }
  /** The cost of one call, line by line, with the price of each kind of token. */
  'GET /api/v1/records/{id}/cost': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: RecordCost
  }
  /** Which bodies of a call there are, and why there are no others. No body is shown. */
  'GET /api/v1/records/{id}/kept': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: KeptBodies
  }
  /** What was asked and answered in one call. Each reading is logged. */
  'GET /api/v1/records/{id}/bodies': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: RecordBodies
  }
  /** What would happen to a call, stage by stage, and why. Nothing is sent, reserved or recorded. */
  'POST /api/v1/explain': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: ExplainQuestion
    readonly answer: Explanation
  }
  /** What would happen to the call of a record under the configuration in force, and what came of it then. */
  'GET /api/v1/records/{id}/explain': {
    readonly path: {
      readonly id: string
    }
    readonly query: Readonly<Record<never, never>>
    readonly body: undefined
    readonly answer: Explanation
  }
  /** What another configuration would have said to the latest calls. Nothing is sent or changed. */
  'POST /api/v1/explain/replay': {
    readonly path: Readonly<Record<never, never>>
    readonly query: Readonly<Record<never, never>>
    readonly body: ReplayQuestion
    readonly answer: Replay
  }
}

/** The roles of which each operation requires any; `caller`: any caller with a verified identity. */
export const rolesByOperation = {
  'GET /api/v1/whoami': ['caller'],
  'GET /api/v1/about': ['caller'],
  'GET /api/v1/me': ['caller'],
  'GET /api/v1/me/series': ['caller'],
  'GET /api/v1/me/calls/{id}': ['caller'],
  'GET /api/v1/playground': ['caller'],
  'POST /api/v1/playground/chat/completions': ['caller'],
  'POST /api/v1/playground/responses': ['caller'],
  'GET /api/v1/usage': ['viewer', 'developer'],
  'GET /api/v1/series': ['viewer', 'developer'],
  'GET /api/v1/ledger': ['viewer'],
  'GET /api/v1/attention': ['viewer'],
  'GET /api/v1/feeds': ['viewer'],
  'POST /api/v1/feeds/{name}/pause': ['operator'],
  'POST /api/v1/feeds/{name}/resume': ['operator'],
  'POST /api/v1/feeds/{name}/rewind': ['operator'],
  'GET /api/v1/sources': ['viewer'],
  'GET /api/v1/instances': ['viewer'],
  'POST /api/v1/instances/{name}/probe': ['operator'],
  'POST /api/v1/instances/{name}/drain': ['operator'],
  'POST /api/v1/instances/{name}/restore': ['operator'],
  'GET /api/v1/limits': ['viewer'],
  'POST /api/v1/limits/overrides': ['operator'],
  'POST /api/v1/limits/overrides/end': ['operator'],
  'GET /api/v1/live': ['viewer', 'developer'],
  'GET /api/v1/log': ['viewer'],
  'POST /api/v1/log/level': ['operator'],
  'POST /api/v1/log/reset': ['operator'],
  'GET /metrics': ['viewer'],
  'GET /api/v1/config': ['operator'],
  'GET /api/v1/config/schema': ['operator'],
  'GET /api/v1/config/history': ['operator'],
  'GET /api/v1/config/history/{version}': ['operator'],
  'POST /api/v1/config/check': ['operator'],
  'POST /api/v1/config/apply': ['admin'],
  'GET /api/v1/callers': ['viewer', 'developer'],
  'GET /api/v1/errors': ['viewer', 'developer'],
  'GET /api/v1/workloads': ['viewer', 'developer'],
  'GET /api/v1/workloads/{name}': ['viewer', 'developer'],
  'GET /api/v1/audit': ['auditor', 'admin'],
  'GET /api/v1/audit/export': ['auditor', 'admin'],
  'GET /api/v1/audit/verify': ['auditor', 'admin'],
  'POST /api/v1/query': ['viewer', 'developer'],
  'GET /api/v1/query/schema': ['viewer', 'developer'],
  'GET /api/v1/records/export': ['viewer', 'developer'],
  'GET /api/v1/records/tail': ['viewer', 'developer'],
  'GET /api/v1/records/search': ['auditor', 'developer'],
  'GET /api/v1/records/holds': ['custodian', 'eraser', 'auditor', 'admin'],
  'POST /api/v1/records/holds': ['custodian'],
  'POST /api/v1/records/holds/{id}/remove': ['custodian'],
  'POST /api/v1/records/erasures/preview': ['eraser'],
  'POST /api/v1/records/erasures': ['eraser'],
  'GET /api/v1/records/erasures': ['eraser', 'auditor', 'admin'],
  'GET /api/v1/records/erasures/{id}': ['eraser', 'auditor', 'admin'],
  'GET /api/v1/records': ['viewer', 'developer'],
  'GET /api/v1/records/{id}': ['viewer', 'developer'],
  'GET /api/v1/records/{id}/cost': ['viewer', 'developer'],
  'GET /api/v1/records/{id}/kept': ['viewer', 'developer'],
  'GET /api/v1/records/{id}/bodies': ['auditor', 'developer'],
  'POST /api/v1/explain': ['viewer', 'developer'],
  'GET /api/v1/records/{id}/explain': ['viewer', 'developer'],
  'POST /api/v1/explain/replay': ['operator'],
} as const satisfies Record<keyof Operations, readonly string[]>
