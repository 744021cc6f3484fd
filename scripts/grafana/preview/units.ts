/** Figures as Grafana's units show them. */

const steps = [
  [1e9, ' B'],
  [1e6, ' M'],
  [1e3, ' K'],
] as const
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** @param unit one of Grafana's ids that `panels.ts` lists. */
export function shown(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '-'
  switch (unit) {
    case 'percentunit':
      return `${digits(value * 100)} %`
    case 'reqps':
      return `${digits(value)} req/s`
    case 's':
      return seconds(value)
    case 'bytes':
      return bytes(value)
    case 'Bps':
      return `${bytes(value)}/s`
    case 'suffix: records/s':
    case 'suffix: tokens/s':
      return `${digits(value)}${unit.slice('suffix:'.length)}`
    case 'none':
      return String(value)
    default: {
      const [size, name] = steps.find(([size]) => Math.abs(value) >= size) ?? [1, '']
      return `${digits(value / size)}${name}`
    }
  }
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function seconds(value: number): string {
  const size = Math.abs(value)
  if (size > 0 && size < 1) return `${digits(value * 1_000)} ms`
  if (size < 120) return `${digits(value)} s`
  if (size < 7_200) return `${digits(value / 60)} min`
  return size < 172_800 ? `${digits(value / 3_600)} hour` : `${digits(value / 86_400)} day`
}

function bytes(value: number): string {
  const power = value === 0 ? 0 : Math.min(binary.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(value)) / 10)))
  return `${digits(value / 2 ** (10 * power))} ${binary[power]}`
}
