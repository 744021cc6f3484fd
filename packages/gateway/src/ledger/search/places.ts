import type { BodyPositions } from '../journal/bodies.ts'

/** Numbers of a record in `BodyPlaces`, in this order. */
export const placeNumbers = [
  'openedAt',
  'closedAt',
  'startedAtMs',
  'bodyBytes',
  'isStream',
  'isHeld',
  'operation',
  'caller',
] as const

/**
 * Where the bodies of records are, newest record first. Packed, because it passes through the main thread, where
 * 25,000 objects would take 50 ms.
 */
export interface BodyPlaces {
  /** `placeNumbers` of each record. `operation` and `caller` are indexes of the lists below. */
  readonly numbers: Float64Array
  /** Ids of 36 characters each. */
  readonly ids: string
  /** JSON of the positions between the first and the last, by the index of the record; most records have none. */
  readonly parts: ReadonlyMap<number, string>
  readonly operations: readonly string[]
  readonly callers: readonly { readonly key: string | null; readonly name: string | null }[]
  /** Records that match, those included that are beyond the most that are listed here. */
  readonly records: number
}

/** One record of `BodyPlaces`. */
export interface BodyPlace {
  readonly id: string
  readonly startedAtMs: number
  readonly positions: BodyPositions
  /** Bytes of both bodies that passed; whether they were kept is known once they are read. */
  readonly bodyBytes: number
  readonly stream: boolean
  /** True for a record on legal hold: its bodies are shown for as long as they are there. */
  readonly isHeld: boolean
  readonly operation: string
  readonly callerKey: string | null
  readonly callerName: string | null
}

/** True where the bodies of a record are not shown any more. @param deletedBeforeMs bound of `ledger.retain.bodies`. */
export function isOver({ startedAtMs, isHeld }: BodyPlace, deletedBeforeMs: number): boolean {
  return startedAtMs < deletedBeforeMs && !isHeld
}

export function* eachPlace({ numbers, ids, parts, operations, callers }: BodyPlaces): Generator<BodyPlace> {
  const width = placeNumbers.length
  for (let index = 0; index * width < numbers.length; index++) {
    const number = (name: (typeof placeNumbers)[number]): number =>
      numbers[index * width + placeNumbers.indexOf(name)] ?? 0
    const caller = callers[number('caller')]
    yield {
      id: ids.slice(index * 36, index * 36 + 36),
      startedAtMs: number('startedAtMs'),
      positions: {
        openedAt: number('openedAt'),
        closedAt: number('closedAt'),
        parts: JSON.parse(parts.get(index) ?? '[]') as number[],
      },
      bodyBytes: number('bodyBytes'),
      stream: number('isStream') === 1,
      isHeld: number('isHeld') === 1,
      operation: operations[number('operation')] ?? '',
      callerKey: caller?.key ?? null,
      callerName: caller?.name ?? null,
    }
  }
}
