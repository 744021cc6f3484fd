/** Questions to Prometheus, as Grafana sends them. */

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** Time in seconds since the epoch, and value. */
  readonly points: readonly (readonly [atS: number, value: number])[]
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
  /** By name in the expressions, the longest names first. */
  readonly variables: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly result: readonly {
      readonly metric?: Record<string, string>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

const pointsMax = 240

/** Time from one point of a series to the next one, where none is missing. */
export function secondsPerPoint({ fromMs, toMs }: Span): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / 1_000 / pointsMax))
}

/** Prometheus cannot be reached, something else answers at its address, or it rejects a question. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError'
}

export class Prometheus {
  readonly span: Span
  readonly #url: string

  /** @param url as `http://127.0.0.1:9090`. */
  constructor(url: string, span: Span) {
    this.#url = url
    this.span = span
  }

  /** @throws PrometheusError with what Prometheus says. */
  now(expression: string): Promise<readonly Series[]> {
    return this.#ask('query', { query: this.#filled(expression), time: String(this.span.toMs / 1_000) })
  }

  over(expression: string): Promise<readonly Series[]> {
    const { fromMs, toMs } = this.span
    return this.#ask('query_range', {
      ...{ query: this.#filled(expression), start: String(fromMs / 1_000), end: String(toMs / 1_000) },
      step: String(secondsPerPoint(this.span)),
    })
  }

  #filled(expression: string): string {
    return Object.entries(this.span.variables).reduce((text, [name, value]) => text.replaceAll(name, value), expression)
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    const { status, error, data } = await this.#answer(path, new URLSearchParams(parameters))
    if (status !== 'success') throw new PrometheusError(`Prometheus rejects ${parameters['query']}: ${error}`)
    return (data?.result ?? []).map(({ metric = {}, value, values }) => ({
      labels: metric,
      points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at, Number(text)] as const),
    }))
  }

  async #answer(path: string, body: URLSearchParams): Promise<Answer> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`, { method: 'POST', body }).catch((error: unknown) => {
      throw new PrometheusError(`${this.#url} cannot be reached.`, { cause: error })
    })
    try {
      return (await answer.json()) as Answer
    } catch (error) {
      throw new PrometheusError(`${this.#url} is no Prometheus: it answers ${answer.status}, without JSON.`, {
        cause: error,
      })
    }
  }
}
