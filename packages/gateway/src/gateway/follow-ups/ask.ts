/** One question how the work of a background response or a batch ended: a GET of the object on its instance, with the gateway's credential. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Caller } from '../../identity/index.ts'
import { type Candidate, candidatesFor, singleOf } from '../../instances/pool.ts'
import type { Beginner, Debt } from '../../objects/index.ts'
import type { Grant } from '../authorize/index.ts'
import type { GivenUp } from '../backend/failures.ts'
import { nothingAdded } from '../backend/replay.ts'
import { requestFor } from '../backend/request.ts'
import { signIn } from '../backend/sign-in.ts'
import { conclude } from '../endings.ts'
import type { Exchange } from '../exchange.ts'
import type { Observer } from '../observe/observer.ts'
import type { GatewayParts } from '../parts.ts'
import type { Plan } from '../plan.ts'
import type { Asked } from '../receive/index.ts'
import { openRecord } from '../record/open.ts'
import { Unattended } from '../relay/unattended.ts'

/** What the gateway sends by itself has no body and asks for nothing else. */
const nothingAsked: Omit<Asked, 'deployment'> = {
  requestedModel: null,
  stream: false,
  hideUsage: false,
  received: [],
  send: null,
  decoded: false,
  json: null,
  modelAt: null,
  answers: 1,
  completionTokensMax: null,
  addedMaximum: null,
  toolDeployments: [],
  references: [],
  keeps: null,
}

/** How it is asked, and who is told, so that the end of the process can give it up. */
export interface Asking {
  /** What reads the answer, where it is no object; null for the object itself. */
  readonly observer: Observer | null
  /** Longest time for the answer, milliseconds. */
  readonly answerMsMax: number
  begun(question: { giveUp(reason: GivenUp): void }): void
}

/**
 * The question is an exchange of its own, in the name of the caller whose call began the work, with a record that names that call. What the
 * answer says is charged where the answer to a client's own GET would be: in `conclude`.
 * @param token the verified token of a call that waits for the answer, for instances whose credential is `caller`; empty without one.
 * @returns false when the instance cannot be asked now. @throws Refusal credential_unavailable, ledger_unwritable
 */
export async function askForEnd(
  exchange: Exchange,
  debt: Debt,
  token: string,
  gateway: GatewayParts,
  asking: Asking,
): Promise<boolean> {
  const { call, route, asked } = exchange
  const candidate = memberOf(debt, gateway.plan)
  if (candidate === null || route === null || asked === null) return false
  const { instance, lane } = candidate
  if (instance.credential.kind === 'caller' && token === '') return false
  const { clock, totalMs } = gateway
  if (!lane.admits(clock())) return false
  const attempt = lane.begin(clock())
  let isSent = false
  try {
    const credential = await signIn(instance, token)
    exchange.instance = instance
    await openRecord(exchange, gateway)
    const answerMsMax = Math.min(totalMs, asking.answerMsMax)
    const question = new Unattended({ call, asked, clock, answerMsMax, observer: asking.observer })
    const sending = { call, route, asked, target: singleOf(instance), forwards: gateway.plan.forwards, workload: null }
    const request = requestFor(sending, candidate, credential, null)
    isSent = true
    asking.begun(question)
    await conclude(exchange, await question.send(request, candidate, attempt, nothingAdded), gateway)
    return true
  } finally {
    if (!isSent) attempt.withdraw(clock())
  }
}

const folders = { response: 'responses', batch: 'batches' } as const satisfies Record<Debt['kind'], string>

/**
 * The exchange that asks, as it would be if the beginner of the work asked through the same address.
 * @param file the file of a batch's answers, to be asked for instead of the object; null for the object.
 */
export function exchangeOf(debt: Debt, id: string, gateway: GatewayParts, file: string | null = null): Exchange {
  const { apiVersion, target, workload } = debt
  const root = `/${target}/${workload}/openai/${apiVersion === null ? 'v1/' : ''}`
  const below =
    file === null
      ? `${folders[debt.kind]}/${encodeURIComponent(debt.objectId)}`
      : `files/${encodeURIComponent(file)}/content`
  const path = root + below
  const url = apiVersion === null ? path : `${path}?api-version=${encodeURIComponent(apiVersion)}`
  const req = new IncomingMessage(new Socket())
  return {
    call: {
      id,
      startedAtMs: gateway.clock(),
      method: 'GET',
      url,
      req,
      // No client is behind it.
      res: new ServerResponse(req),
      expectsContinue: false,
      fault: null,
      watch: { deadlineAt: Number.POSITIVE_INFINITY, subject: null },
    },
    plan: gateway.plan,
    demonstration: gateway.demonstration,
    trustForwardedFor: false,
    route: gateway.resolve('GET', url),
    caller: callerOf(debt.caller),
    token: '',
    grant: grantOf(debt, gateway.plan),
    asked: { ...nothingAsked, deployment: debt.deployment },
    lease: null,
    limitHeaders: null,
    instance: null,
    copy: { of: debt.recordId, kind: 'follow_up' },
    owing: debt,
    charges: null,
    isOpen: false,
  }
}

/** Null for what a change of configuration has taken away. The address then names the workload in the record. */
function grantOf(debt: Debt, plan: Plan): Grant | null {
  const workload = plan.workloads.get(debt.workload)
  const target = plan.targets.get(debt.target) ?? plan.targets.get(debt.instance)
  return workload === undefined || target === undefined ? null : { workload, target }
}

/** Null for an instance that the configuration has no longer. */
function memberOf({ instance }: Debt, { targets }: Plan): Candidate | null {
  const target = targets.get(instance)
  if (target === undefined) return null
  return candidatesFor(target, null)?.all.find(one => one.instance.name === instance) ?? null
}

/** For limits and records; it decides nothing. */
export function callerOf(beginner: Beginner): Caller {
  return {
    ...beginner,
    groups: [],
    listsGroups: true,
    groupsOverage: false,
    roles: [],
    scopes: [],
    managedIdentityId: null,
    audience: '',
    tokenVersion: '2.0',
    expiresAtMs: 0,
  }
}
