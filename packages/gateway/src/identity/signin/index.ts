/**
 * Signs people and scripts in, for the command line: with a browser, a device code, a password, a secret, or from the
 * cache.
 */
export { type BrowserOptions, signInWithBrowser } from './browser.ts'
export { type CachedToken, openTokenCache, stateDirectory, type TokenCache } from './cache.ts'
export {
  connectSignIn,
  refreshSignIn,
  type SignedIn,
  type SignInClient,
  type SignInSettings,
  signInAsApplication,
  signInWithPassword,
} from './client.ts'
export { authorizationUrl, type CodeSecrets, endSessionUrl, redeemCode } from './code.ts'
export { type DevicePrompt, signInWithDevice } from './device.ts'
export { SignInError, type SignInErrorCode } from './errors.ts'
export { refreshBeforeMs, rememberedToken } from './remembered.ts'
