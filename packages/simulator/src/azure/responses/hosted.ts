/** Tools that the service runs itself: it draws pictures on another deployment, and runs code in a container. */

import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import { countText, tokenPieces } from '../billing/index.ts'
import { type Work, workableDeployment } from '../call.ts'
import type { Said } from '../chat/said.ts'
import { drawnPicture, partialTokens, pictureSize, pictureTokens } from '../media/pictures.ts'
import type { ResponsesAsk } from './ask.ts'
import { automaticContainer, putFile, usedContainer } from './containers.ts'
import type { Made } from './output.ts'

/** Cost of a tool on another deployment than the call's. */
export interface ToolSpent {
  readonly deployment: string
  readonly promptTokens: number
  readonly completionTokens: number
}

export interface Hosted {
  readonly made: readonly Made[]
  /** Tokens on the call's own deployment, for calling the tool. */
  readonly tokens: number
  readonly elsewhere: readonly ToolSpent[]
  /** The message's citation of the tool's files, after its own text; null for none. */
  readonly cites: { readonly text: string; readonly annotation: JsonRecord } | null
}

const nothing: Hosted = { made: [], tokens: 0, elsewhere: [], cites: null }

/** Words that make the model use a tool without an order to use it. */
const calledFor: Readonly<Record<string, RegExp>> = {
  image_generation: /\b(draw|paint|sketch|picture|image|illustration|logo)\b/i,
  code_interpreter: /\b(python|code|calculate|compute|plot|chart|csv|spreadsheet)\b/i,
}

/**
 * Runs the tool that the call names or the question needs. `imageDeployment` comes from the call's header, null for
 * none. Throws 404 when the tool's deployment or container does not exist.
 */
export function hostedTools(work: Work, ask: ResponsesAsk, said: Said, imageDeployment: string | null): Hosted {
  if (said.toolCalls.length > 0 || said.finish === 'length') return nothing
  const tool = ask.hosted.find(each => isCalled(ask, textOf(each.type)))
  if (tool?.type === 'image_generation') return drawing(work, ask, tool, imageDeployment)
  return tool?.type === 'code_interpreter' ? computing(work, ask, tool) : nothing
}

function isCalled(ask: ResponsesAsk, type: string): boolean {
  const { toolChoice, turns } = ask.question
  if (toolChoice === 'none') return false
  if (toolChoice === 'required') return true
  if (isRecord(toolChoice)) return toolChoice.type === type
  const question = turns.findLast(turn => turn.role === 'user')?.text ?? ''
  return calledFor[type]?.test(question) ?? false
}

function drawing(work: Work, ask: ResponsesAsk, tool: JsonRecord, header: string | null): Hosted {
  const { service, draw } = work
  const deployment = workableDeployment(service, header ?? textOrNull(tool.model) ?? 'gpt-image-1', {
    ability: 'image',
    says: 'imageGenerations',
  })
  const size = pictureSize(tool)
  const partials = Math.min(3, numberOrNull(tool.partial_images) ?? 0)
  const prompt = ask.question.turns.findLast(turn => turn.role === 'user')?.text ?? ''
  const result = drawnPicture(service, size, draw.number('picture'))
  const promptTokens = countText(deployment.model, prompt)
  const item = {
    id: draw.hexId('ig_', 48),
    type: 'image_generation_call',
    // Recorded: the service's finished item has this status too.
    status: 'generating',
    background: 'opaque',
    output_format: 'png',
    quality: size.quality === 'auto' ? 'medium' : size.quality,
    result,
    revised_prompt: prompt,
    size: `${size.widthPx}x${size.heightPx}`,
  }
  const completionTokens = pictureTokens(size) + partials * partialTokens
  const tokens = countText(work.deployment.model, prompt)
  return {
    made: [{ kind: 'picture', item, partials, tokens }],
    tokens,
    elsewhere: [{ deployment: deployment.name, promptTokens, completionTokens }],
    cites: null,
  }
}

const fileName = 'result.csv'
const code = `import csv

rows = [("step", "value"), (1, 12), (2, 19), (3, 57)]
with open("/mnt/data/${fileName}", "w", newline="") as file:
    csv.writer(file).writerows(rows)
print(rows[-1][1])`
const logs = '57\n'
const rows = 'step,value\r\n1,12\r\n2,19\r\n3,57\r\n'

function computing(work: Work, ask: ResponsesAsk, tool: JsonRecord): Hosted {
  const { service, draw } = work
  const container =
    typeof tool.container === 'string'
      ? usedContainer(service, tool.container)
      : automaticContainer(service, draw, tool.container)
  const file = putFile(service, container, { name: fileName, bytes: Buffer.from(rows), source: 'assistant' }).object
  const item = {
    id: draw.hexId('ci_', 48),
    type: 'code_interpreter_call',
    status: 'completed',
    code,
    container_id: container.id,
    outputs: ask.include.has('code_interpreter_call.outputs') ? [{ type: 'logs', logs }] : null,
  }
  const annotation = {
    type: 'container_file_citation',
    container_id: container.id,
    file_id: file.id,
    filename: fileName,
  }
  const pieces = tokenPieces(work.deployment.model, code)
  const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0)
  const text = ` [Download ${fileName}](sandbox:/mnt/data/${fileName})`
  return { made: [{ kind: 'code', item, pieces }], tokens, elsewhere: [], cites: { text, annotation } }
}

/** The tools of a call that run in the service. */
export function hostedAmong(tools: unknown): JsonRecord[] {
  return listOf(tools)
    .filter(isRecord)
    .filter(tool => Object.hasOwn(calledFor, textOf(tool.type)))
}

/** The message with its citation of a tool's files, and the citation's place in its text. */
export function citing(work: Work, said: Said, { cites }: Hosted): { said: Said; annotations: JsonRecord[] } {
  if (cites === null) return { said, annotations: [] }
  const pieces = tokenPieces(work.deployment.model, cites.text)
  const tokens = said.tokens + pieces.reduce((sum, piece) => sum + piece.tokens, 0)
  const place = { start_index: said.text.length + 1, end_index: said.text.length + cites.text.length }
  return {
    said: { ...said, text: said.text + cites.text, pieces: [...said.pieces, ...pieces], tokens },
    annotations: [{ ...cites.annotation, ...place }],
  }
}
