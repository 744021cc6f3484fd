import { type Caller, callerWithoutToken } from './caller.ts'

/** A caller for tests: a person without groups, roles or scopes, except for what `facts` say. */
export function testCaller(facts: Pick<Caller, 'tenantId' | 'objectId'> & Partial<Caller>): Caller {
  return { ...callerWithoutToken({ kind: 'user', appId: null, displayName: null, ...facts }), ...facts }
}
