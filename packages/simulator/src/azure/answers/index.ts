/**
 * The answers of simulated models: content that fits the question, the same for the same question, seed and variant. No
 * state, and no I/O beside the data files.
 */
export { answerText, type TextAsk } from './answer.ts'
export { embed } from './embed.ts'
export { describeImage } from './images.ts'
export { answerJson, askedSchema, type JsonAsk } from './json.ts'
export { pngBytes, pngFilled } from './png.ts'
export { type SpeechFormat, speechBytes, speechFormats } from './speech.ts'
export { chooseToolCall, type ToolAsk, type ToolCall } from './tools.ts'
export { transcript } from './transcript.ts'
export type { Turn } from './turns.ts'
