/**
 * What the service bills, from what is published and recorded of Azure. It shares nothing with the gateway's own counting (src/tokens): that
 * the two agree is a finding, and where they do not, one of them is wrong.
 */
export { nextCallTokens } from './calls.ts'
export { familyOf } from './families.ts'
export { pictureHeader } from './picture-header.ts'
export { audioPromptTokens, promptTokens } from './prompt.ts'
export { countText, type TokenPiece, tokenPieces } from './tokenizer.ts'
