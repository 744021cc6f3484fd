/**
 * Azure OpenAI and Microsoft Entra ID, simulated for programs and tests that use them.
 *
 *     import { demoDirectory, startAzure, startEntra } from '@gatehouse/simulator'
 *
 *     const entra = await startEntra({ directory: demoDirectory })
 *     const azure = await startAzure({ name: 'eu', deployments: { chat: { model: 'gpt-4o' } }, keys: ['a-key'] })
 *     azure.setFault({ kind: '429', times: 1 })
 *     // ... call azure.url with any client ...
 *     console.log(azure.bill(), await entra.token({ as: 'alice' }))
 *     await Promise.all([azure.close(), entra.close()])
 */
export { startAzure } from './azure/index.ts'
export type { Clock } from './clock.ts'
export { azureCliClientId, consoleClientId, demoAudience, demoDirectory } from './directory.ts'
export { selfMadeCertificate } from './entra/certificate.ts'
export { startEntra } from './entra/index.ts'
export { startEventHubs } from './event-hubs/index.ts'
export type * from './event-hubs/types.ts'
export type * from './kafka/index.ts'
export { startKafka } from './kafka/index.ts'
export { startOtlp } from './otlp/index.ts'
export type * from './otlp/types.ts'
export type * from './types.ts'
