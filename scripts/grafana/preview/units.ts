/** Figures as Grafana's units show them. */

const steps = [
  [1e9, ' B'],
  [1e6, ' M'],
  [1e3, ' K'],
] as const
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
/** From how many seconds on which length of time is the unit. */
const times = [
  [172_800, 86_400, 'day'],
  [7_200, 3_600, 'hour'],
  [120, 60, 'min'],
] as const

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

/** Round distance between the lines of a scale: at most four of it are the range. */
export function stepOf(range: number, unit: string): number {
  const size = sizeOf(range, unit)
  const least = range / 4 / size
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = [1, 2, 2.5, 5].find(one => one * power >= least) ?? 10
  return factor * power * size
}

/** What a figure like this one is divided by before it is shown, where that is no power of ten. */
function sizeOf(value: number, unit: string): number {
  switch (unit) {
    case 's':
      return times.find(([from]) => value >= from)?.[1] ?? 1
    case 'bytes':
    case 'Bps':
      return 2 ** (10 * binaryPower(value))
    default:
      return 1
  }
}

function seconds(value: number): string {
  const size = Math.abs(value)
  if (size > 0 && size < 1) return `${digits(value * 1_000)} ms`
  const [, length, name] = times.find(([from]) => size >= from) ?? [0, 1, 's']
  return `${digits(value / length)} ${name}`
}

function bytes(value: number): string {
  const power = binaryPower(Math.abs(value))
  return `${digits(value / 2 ** (10 * power))} ${binary[power]}`
}

function binaryPower(size: number): number {
  return size < 1 ? 0 : Math.min(binary.length - 1, Math.floor(Math.log2(size) / 10))
}
