import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './errors.ts'
import { whoami } from './whoami.ts'

const retriesMax = 2

/** Only what may succeed a moment later is tried again: a refusal stays a refusal. */
function shouldRetry(failures: number, error: Error): boolean {
  return failures < retriesMax && error instanceof ApiError && (error.kind === 'unreachable' || error.status === 503)
}

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: { queries: { staleTime: 10_000, retry: shouldRetry, refetchOnWindowFocus: false } },
    queryCache: new QueryCache({
      onError(error, query) {
        // A session that has expired is noticed by whatever asks first; the shell then shows how to sign in.
        const isSignedOut = error instanceof ApiError && error.kind === 'signed-out'
        if (isSignedOut && query.queryKey[0] !== whoami.queryKey[0]) {
          void client.resetQueries({ queryKey: whoami.queryKey })
        }
      },
    }),
  })
  return client
}
