/** Azure OpenAI and Microsoft Entra ID, simulated: what programs that use them start. */
export { startAzure } from './azure/index.ts'
export { azureCliClientId, demoAudience, demoDirectory } from './directory.ts'
export { type Certificate, selfMadeCertificate } from './entra/certificate.ts'
export { startEntra } from './entra/index.ts'
export type * from './types.ts'
