/** A size of a run: `npm run chaos -- --calls N --kills N` makes it larger, and so does `npm run interop`. */
export function sizeOf(name: 'CALLS' | 'KILLS', usual: number): number {
  const given = process.env[`GATEHOUSE_CHAOS_${name}`]
  if (given === undefined) return usual
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new TypeError(`GATEHOUSE_CHAOS_${name} is "${given}", not a whole number`)
  return Number(given)
}
