import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import { type Answer, mayUse, type OperationName, send } from './client.ts'

export type Person = Answer<'GET /api/v1/whoami'>

export const whoami = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => send('GET /api/v1/whoami', { signal }),
  staleTime: 60_000,
})

/** The signed-in person. Only used inside the shell, which has loaded it. */
export function usePerson(): Person {
  return useSuspenseQuery(whoami).data
}

/** True when the signed-in person may use the operation. */
export function useMay(operation: OperationName): boolean {
  return mayUse(operation, usePerson().roles)
}
