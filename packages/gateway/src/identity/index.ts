/**
 * Who calls. `readToken` finds the token in a request, a `Verifier` proves it, and `compileRules` decides whether rules
 * of the configuration admit the caller. Signing people in is in `signin/`.
 */
export { readToken } from './bearer.ts'
export { type Caller, callerKey, callerWithoutToken } from './caller.ts'
export { IdentityError, type IdentityErrorCode } from './errors.ts'
export { type GroupDirectory, GroupsUnavailable, openGroupDirectory } from './groups.ts'
export { compileRules, lackingText, type RuleMatch, type RuleMatcher } from './rules.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'
