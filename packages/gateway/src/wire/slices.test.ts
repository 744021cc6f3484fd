import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { bombs } from '../../../../test/support/bombs.ts'
import { BodyScanner } from './body-scan.ts'
import { JsonScanError, ObjectScanner, requestCaps } from './json-scan.ts'
import { ReferenceFinder, ReferenceSearch } from './references.ts'
import { Shape } from './shape.ts'
import { inSlices, type Sliced, sliceBytes } from './slices.ts'

const shape = new Shape({ find: { model: true, stream: true, stream_options: true } })
const readers: Readonly<Record<string, (body: Buffer) => Sliced<unknown>>> = {
  BodyScanner: body => new BodyScanner(body, shape),
  ObjectScanner: body => new ObjectScanner(body, new Set(['model']), requestCaps),
  ReferenceFinder: body => new ReferenceFinder(body),
  ReferenceSearch: body => new ReferenceSearch(body, ['file_id']),
}
/** Searched natively from end to end: 30 MiB take a few milliseconds in one piece. */
const plainTexts = new Set([
  'a text of escaped letters',
  'a long text',
  'a text of letters beyond ASCII',
  'an image of a megabyte and more',
  'a long model',
])

// One compressed call of 300 bytes blocked all other calls for three seconds.
test('H4 every reader of a body reads each bomb in pieces, or refuses it', () => {
  const bytes = 400_000
  for (const bomb of bombs.filter(
    ({ contentType, name }) => !contentType.startsWith('multipart') && !plainTexts.has(name),
  )) {
    // The offset decides the alignment of the four-byte words by which long texts are read.
    const shifts = [0, 1, 2, 3]
    const cases = shifts.flatMap(shift => Object.entries(readers).map(([name, read]) => ({ shift, name, read })))
    for (const { shift, name, read } of cases) {
      const body = Buffer.concat([Buffer.alloc(shift, ' '), bomb.body(bytes)])
      let pieces = 1
      try {
        const reader = read(body)
        while (!reader.advance(1_000)) pieces += 1
        reader.result()
      } catch (error) {
        assert.ok(error instanceof JsonScanError, `${bomb.name}, ${name}: ${String(error)}`)
        continue
      }
      // The scan pauses once per 65,536 bytes of space, and for backslashes only at the end of their run.
      const least = bomb.name.startsWith('space') ? 3 : bomb.name === 'a text of backslashes' ? 1 : bytes / 2_000
      assert.ok(pieces >= least, `${bomb.name}, ${name}, from ${shift}: ${pieces} pieces`)
    }
  }
})

test('H4 the event loop does other work between two pieces, and a short body is read at once', async () => {
  let advanced = 0
  const work = (pieces: number): Sliced<number> => ({
    advance(bytes) {
      advanced += bytes
      return advanced >= pieces * sliceBytes
    },
    result: () => advanced,
  })
  assert.equal(inSlices(work(1), sliceBytes), sliceBytes)
  advanced = 0
  const result = inSlices(work(5), 5 * sliceBytes)
  assert.ok(result instanceof Promise)
  let others = 0
  let isOver = false
  void result.then(() => {
    isOver = true
  })
  while (!isOver) {
    others += 1
    await turn()
  }
  assert.equal(await result, 5 * sliceBytes)
  assert.ok(others >= 4, `${others} turns for others`)
  await assert.rejects(
    async () => inSlices({ advance: () => assert.fail('broken'), result: () => 0 }, 2 * sliceBytes),
    /broken/,
  )
})
