/** Dated versions of the data-plane API that the service knows, as `azure-rest-api-specs` lists them. */
const dated: ReadonlySet<string> = new Set([
  '2022-12-01',
  '2023-03-15-preview',
  '2023-05-15',
  '2023-06-01-preview',
  '2023-07-01-preview',
  '2023-08-01-preview',
  '2023-09-01-preview',
  '2023-10-01-preview',
  '2023-12-01-preview',
  '2024-02-01',
  '2024-02-15-preview',
  '2024-03-01-preview',
  '2024-04-01-preview',
  '2024-05-01-preview',
  '2024-06-01',
  '2024-07-01-preview',
  '2024-08-01-preview',
  '2024-09-01-preview',
  '2024-10-01-preview',
  '2024-10-21',
  '2024-12-01-preview',
  '2025-01-01-preview',
  '2025-02-01-preview',
  '2025-03-01-preview',
  '2025-04-01-preview',
  '2025-05-01-preview',
])

const evergreen: ReadonlySet<string> = new Set(['preview', 'latest', 'v1'])

export const isDatedVersion = (version: string): boolean => dated.has(version)

/** v1 needs no version, and accepts these words. */
export const isV1Version = (version: string): boolean => evergreen.has(version)

/** `stream_options` exists since 2024-09-01-preview; before, it is an unrecognized argument. Null is v1. */
export const knowsStreamOptions = (version: string | null): boolean =>
  version === null || version.slice(0, 10) >= '2024-09-01'

/** Models that reason exist since 2024-12-01-preview. */
export const knowsReasoning = (version: string | null): boolean =>
  version === null || version.slice(0, 10) >= '2024-12-01'

/** The Responses API exists since 2025-03-01-preview. */
export const knowsResponses = (version: string | null): boolean =>
  version === null || version.slice(0, 10) >= '2025-03-01'
