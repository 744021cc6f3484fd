import type { BodyPlaces } from './places.ts'
import type { SearchBounds } from './scan.ts'

/** What the thread of one search gets. It answers with one `SearchPage`. */
export interface SearchData {
  /** Directory of the segments. */
  readonly journal: string
  readonly places: BodyPlaces
  readonly text: string
  readonly deletedBeforeMs: number
  readonly bounds: SearchBounds
}
