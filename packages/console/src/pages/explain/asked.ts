/** A question as the form has it and as the address has it. The body is in no address: it may be a prompt. */
import type { Address, Changes } from '../../app/address.ts'
import type { Explanation, Question } from './query.ts'

export interface Asked {
  /** Key of a caller, `self`, or nothing for a call without a token. */
  readonly caller: string
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly method: string
  readonly url: string
  /** Field x-gatehouse-workload. */
  readonly header: string
  readonly model: string
  readonly body: string
}

export const methods = ['POST', 'GET', 'DELETE', 'PUT', 'PATCH'] as const

export const nothingAsked: Asked = {
  caller: 'self',
  groups: [],
  roles: [],
  scopes: [],
  method: 'POST',
  url: '',
  header: '',
  model: '',
  body: '',
}

export function readAsked(address: Address): Asked {
  const { caller, groups, roles, scopes, method, url, header, model } = address
  return {
    ...nothingAsked,
    // An address without a call is an empty form; one with a call and no caller is a call without a token.
    caller: url === undefined ? 'self' : (caller ?? ''),
    groups: listOf(groups),
    roles: listOf(roles),
    scopes: listOf(scopes),
    method: method ?? 'POST',
    url: url ?? '',
    header: header ?? '',
    model: model ?? '',
  }
}

/** Changes of the address for a question. They leave a record that was explained. */
export function writeAsked(asked: Asked): Changes {
  const { caller, groups, roles, scopes, method, url, header, model } = asked
  return {
    record: undefined,
    caller,
    url,
    header,
    model,
    method: method === 'POST' ? undefined : method,
    groups: groups.join(','),
    roles: roles.join(','),
    scopes: scopes.join(','),
  }
}

/** Null while nothing is asked. */
export function questionOf(asked: Asked, name: string | null): Question | null {
  const { caller, groups, roles, scopes, method, url, header, model, body } = asked
  if (url === '') return null
  return {
    caller:
      caller === ''
        ? null
        : caller === 'self'
          ? 'self'
          : { key: caller, groups, roles, scopes, ...(name === null ? {} : { name }) },
    method,
    url,
    headers: header === '' ? {} : { 'x-gatehouse-workload': header },
    ...(model === '' || body !== '' ? {} : { model }),
    ...(body === '' ? {} : { body }),
  }
}

/** The question of an explanation, to go on from. */
export function askedOf({ question }: Explanation): Asked {
  const { caller, method, url, workloadHeader, model } = question
  return {
    ...nothingAsked,
    caller: caller?.key ?? '',
    groups: caller?.groups ?? [],
    roles: caller?.roles ?? [],
    scopes: caller?.scopes ?? [],
    method,
    url,
    header: workloadHeader ?? '',
    model: model ?? '',
  }
}

function listOf(written: string | undefined): readonly string[] {
  return written === undefined || written === '' ? [] : written.split(',')
}
