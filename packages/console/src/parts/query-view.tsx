import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failed, Loading } from './states.tsx'

interface QueryViewProps<Data> {
  readonly query: UseQueryResult<Data, Error>
  /** Lines of the skeleton; default 6. */
  readonly lines?: number
  readonly children: (data: Data) => ReactNode
}

/** The content of a query, or its state. What is shown stays while it is loaded again. */
export function QueryView<Data>({ query, lines = 6, children }: QueryViewProps<Data>) {
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <Failed error={query.error} again={() => void query.refetch()} />
  return <Loading lines={lines} />
}
