import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { jsonText, printable } from '../terminal/printable.ts'
import { StreamWrap } from '../terminal/stream-wrap.ts'
import { columnsIn } from '../terminal/wrap.ts'
import { answerInPieces, answerWhole, type ChatAnswer, sendQuestion } from './chat-call.ts'

interface ChatOptions {
  readonly workload?: string
  readonly deployment?: string
  readonly target?: string
  readonly system?: string
  readonly stream: boolean
  readonly as?: string
}

/** Azure's own limit for one request is much lower; this one only protects memory from a wrong redirection. */
const inputBytesMax = 16 * 1_048_576

/** `gatehouse chat`: one question and its answer, printed as it arrives. */
export function chatCommand(context: CliContext): Command {
  return new Command('chat')
    .summary('ask a model through the gateway')
    .description(
      'Ask a model through the gateway and print the answer as it comes. What comes on standard input is the question, or is added to it.',
    )
    .argument('[question...]', 'the question')
    .option('--workload <name>', 'workload to call as (default: the only one that the caller may use)')
    .option('--deployment <name>', 'deployment to ask (default: GATEHOUSE_DEPLOYMENT, else gpt-4o)')
    .option('--target <name>', 'instance or pool to ask; needs --workload')
    .option('--system <text>', 'instructions to the model')
    .option('--no-stream', 'wait for the whole answer')
    .option('--as <name>', 'ask as this account (in the demonstration: carol, unless named)')
    .action(async (words: string[], options: ChatOptions) => chat(context, words.join(' '), options))
}

async function chat(context: CliContext, words: string, options: ChatOptions): Promise<void> {
  if (options.target !== undefined && options.workload === undefined) {
    const why = 'The address of a target names the workload as well.'
    throw new CliError('workload_needed', '--target needs --workload.', why, 'the same with --workload NAME', {
      exitCode: 2,
    })
  }
  const question = await questionOf(context, words)
  const stream = options.stream && !context.json
  const call = await sendQuestion(context, {
    as: options.as,
    target: options.target,
    workload: options.workload,
    deployment: options.deployment ?? context.env.GATEHOUSE_DEPLOYMENT ?? 'gpt-4o',
    messages: [
      ...(options.system === undefined ? [] : [{ role: 'system' as const, content: options.system }]),
      { role: 'user', content: question },
    ],
    stream,
  })
  const width = columnsIn(context.stdout)
  const wrap = width === null ? null : new StreamWrap(width)
  const write = (text: string): void => {
    // A terminal obeys escape sequences, a file does not.
    const shown = wrap === null ? text : wrap.push(printable(text))
    if (shown !== '') context.stdout.write(shown)
  }
  if (!stream) {
    const answer = await answerWhole(call)
    if (context.json) context.stdout.write(`${jsonText(answer)}\n`)
    else write(`${answer.text}\n`)
    note(context, answer)
    return
  }
  let wrote = false
  const onPiece = (piece: string): void => {
    wrote = true
    write(piece)
  }
  const answer = await answerInPieces(call, onPiece).finally(() => {
    // Notes and an error message begin on a line of their own, below what came before them.
    if (wrote) write('\n')
  })
  note(context, answer)
}

async function questionOf(context: CliContext, words: string): Promise<string> {
  const fromTerminal = context.stdin.isTTY === true
  if (fromTerminal && words.trim() !== '') return words
  if (fromTerminal) context.stderr.write('Type your question, then Ctrl-D on a line of its own.\n')
  const piped = await readInput(context)
  const question = [words.trim(), piped.trim()].filter(text => text !== '').join('\n\n')
  if (question === '') {
    throw new CliError('question_empty', 'There is no question.', null, 'gatehouse chat "What is a PTU?"', {
      exitCode: 2,
    })
  }
  return question
}

async function readInput(context: CliContext): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of context.stdin) {
    const read = Buffer.from(chunk)
    bytes += read.byteLength
    if (bytes > inputBytesMax) {
      const what = `Standard input is larger than ${inputBytesMax / 1_048_576} MiB.`
      throw new CliError('question_too_large', what, null, null, { exitCode: 2 })
    }
    chunks.push(read)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    const why = 'Only UTF-8 text can be part of a question.'
    throw new CliError('question_not_text', 'Standard input is not text.', why, null, { exitCode: 2, cause })
  }
}

/** What a reader should know beside the answer, on standard error. */
function note(context: CliContext, { finishReason, requestId }: ChatAnswer): void {
  if (finishReason === 'length')
    context.stderr.write('\n(The answer ends here because it reached its longest length.)\n')
  if (finishReason === 'content_filter') context.stderr.write('\n(The content filter cut the answer off.)\n')
  if (context.stderr.isTTY === true && requestId !== null) context.stderr.write(`\nrecord ${requestId}\n`)
}
