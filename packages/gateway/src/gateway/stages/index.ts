import type { RefusalCode } from '../refusals.ts'

/** One stage of a call. */
interface StageRow {
  readonly name: string
  /** The task of the stage. */
  readonly does: string
  /** Refusals that the stage can raise. `internal_error` is possible everywhere. */
  readonly refuses: readonly RefusalCode[]
  /** Why the stage is at this place: what would break earlier or later. */
  readonly why: string
}

/** Denials of limits. `admit` checks all limits that the call meets, `dispatch` those of an instance. */
const denials = [
  'token_limit_reached',
  'request_limit_reached',
  'concurrency_limit_reached',
  'cost_limit_reached',
  'budget_exhausted',
  'request_exceeds_limit',
  'limits_unavailable',
] as const satisfies readonly RefusalCode[]

/** Faults of a form: of one that is read whole in `receive`, of an upload that is streamed in `dispatch`. */
const formFaults = [
  'body_undecodable',
  'body_duplicate_key',
  'body_key_spelling',
  'body_too_complex',
  'body_too_large',
  'body_timeout',
  'purpose_not_allowed',
] as const satisfies readonly RefusalCode[]

/**
 * The stages of a call, in their order. `serve` calls them in this order, `explain` walks along this table, and the
 * drawing in ARCHITECTURE.md shows it; a test holds all three to it.
 */
export const stages = [
  {
    name: 'accept',
    does: 'the request is ordinary HTTP/1.1',
    refuses: ['request_malformed', 'upgrade_unsupported', 'expectation_failed'],
    why: 'First: the later stages rely on what the framing says. It comes after the call has its id, so that these refusals are recorded too.',
  },
  {
    name: 'resolve',
    does: 'method and URL to operation and names',
    refuses: ['path_malformed', 'route_unknown', 'method_not_allowed', 'credential_in_query'],
    why: 'Before the token is read, because it decides only the grammar of the address. It looks up no name: without a token no caller learns which workloads and targets exist.',
  },
  {
    name: 'authenticate',
    does: 'token to caller; groups that the token does not list',
    refuses: [
      'token_missing',
      'token_ambiguous',
      'token_malformed',
      'token_algorithm',
      'token_signature',
      'token_issuer',
      'token_tenant',
      'token_audience',
      'token_expired',
      'token_not_yet_valid',
      'token_claims',
      'token_client',
      'keys_unavailable',
      'groups_unavailable',
    ],
    why: 'Before any name is looked up. It comes after `resolve`, because the workload in the address decides whether groups must be looked up.',
  },
  {
    name: 'authorize',
    does: 'the caller is bound to the workload; the workload may use target, deployment and operation',
    refuses: [
      'workload_missing',
      'workload_unknown',
      'caller_not_bound',
      'caller_unbound',
      'caller_groups_overage',
      'target_unknown',
      'target_not_allowed',
      'deployment_not_allowed',
      'operation_not_allowed',
    ],
    why: 'Before the body: an unknown caller cannot make the gateway hold 32 MiB, and `Expect: 100-continue` is answered with the refusal instead of the upload.',
  },
  {
    name: 'answer',
    does: 'the list of models: the gateway answers itself and the call ends',
    refuses: ['deployment_not_allowed', 'deployment_unknown'],
    why: 'As soon as the workload is known: such a call has no body, meets no limit and reaches no instance.',
  },
  {
    name: 'receive',
    does: 'the body: model, stream, objects, and what else the policy of the workload is about',
    refuses: [
      'body_not_json',
      'body_too_deep',
      'body_type',
      'body_ratio',
      'body_encoding',
      ...formFaults,
      'bodies_full',
      'request_malformed',
      'model_missing',
      'maximum_missing',
      'maximum_too_large',
      'deployment_not_allowed',
      'tool_not_allowed',
      'data_source_not_allowed',
      'outside_url_not_allowed',
      'service_tier_not_allowed',
      'option_not_allowed',
      'shutting_down',
    ],
    why: 'Before `locate` and `admit`, which need what only the body says: the objects, the model, the length of the prompt and the maximum. A deployment that only the body names is authorised here.',
  },
  {
    name: 'locate',
    does: 'the objects that the call names: their owner and their instance',
    refuses: ['object_unknown', 'object_elsewhere', 'objects_apart', 'objects_unavailable'],
    why: 'Before `admit`: an object of another workload does not exist, whatever the limits say, and nothing is reserved for such a call.',
  },
  {
    name: 'admit',
    does: 'reserves tokens, requests, cost and a place in flight in the limits that the call meets, or waits in line',
    refuses: [...denials, 'shutting_down'],
    why: 'Before anything that can bill: a call that is sent has its tokens reserved. Limits of one instance follow in `dispatch`, when the instance is known.',
  },
  {
    name: 'dispatch',
    does: 'a member that has the deployment and may be tried; its limits and its credential; `opened`; sends the call, and sends it to another member while that is safe',
    refuses: [
      'deployment_unknown',
      'call_unsuited',
      'pool_exhausted',
      'pool_unavailable',
      'instance_drained',
      'credential_unavailable',
      'credential_refused',
      'ledger_unwritable',
      'bodies_full',
      ...denials,
      ...formFaults,
      'batch_line_refused',
      'deployment_aliased',
      'backend_unreachable',
      'backend_broke',
      'backend_redirected',
      'connect_timeout',
      'first_byte_timeout',
      'total_timeout',
      'shutting_down',
    ],
    why: 'After everything else that can refuse. `opened` is written here: before anything can bill, once a member is chosen, and once per call however many members are tried. A crash after it is found at the next start.',
  },
  {
    name: 'relay',
    does: 'the answer to the client, byte by byte as it comes, observed on the side',
    refuses: [],
    why: 'Within `dispatch`: until the head of the answer is on its way to the client, another member may still be tried. After it, a failure can only cut the answer.',
  },
  {
    name: 'record',
    does: 'usage, cost, outcome and `closed`; the lease is settled',
    refuses: [],
    why: 'Last, whatever ended the call, and exactly once: only now is the usage known.',
  },
] as const satisfies readonly StageRow[]

export type StageName = (typeof stages)[number]['name']
