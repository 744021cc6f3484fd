/**
 * What the service bills, from published and recorded facts about Azure. It shares no code with the gateway's own
 * counting (packages/gateway/src/tokens): where both agree, that proves something; where they do not, one of them is
 * wrong.
 */
export { nextCallTokens } from './calls.ts'
export { familyOf } from './families.ts'
export { pictureHeader } from './picture-header.ts'
export { audioPromptTokens, promptTokens } from './prompt.ts'
export { countText, type TokenPiece, tokenPieces } from './tokenizer.ts'
