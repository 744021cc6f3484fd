/** `1 record`, `1,204 records`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}

/** Most sentences of one kind: a damaged disk has thousands of faults, and people read the first. */
const shownMax = 5

/** The first sentences, and how many more there are. */
export function few(sentences: readonly string[], what: string): string[] {
  const more = sentences.length - shownMax
  return more <= 0
    ? [...sentences]
    : [...sentences.slice(0, shownMax), `and ${more.toLocaleString('en-US')} more ${what}`]
}
