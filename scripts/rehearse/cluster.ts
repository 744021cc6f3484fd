/** What AKS gives a pod of the chart: a token of its account, with which it signs in (workload identity). */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FederatedCredential } from '@gatehouse/simulator'
import { SignJWT } from 'jose'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'

export interface Cluster {
  /** Of the gateway's identity, as Terraform makes it. */
  readonly credential: FederatedCredential
  /** File with the token of the pod's account. */
  readonly tokenFile: string
}

/** Null where the configuration is for another platform: only the chart names replicas after their pods. */
export async function clusterFor({ gateway }: ConfigInput, directory: string): Promise<Cluster | null> {
  if (gateway?.replica !== '${env:POD_NAME}') return null
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const issuer = 'https://swedencentral.oic.prod-aks.example/rehearsal/'
  const subject = 'system:serviceaccount:gatehouse:gatehouse'
  const token = new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).setIssuer(issuer).setSubject(subject)
  const signed = await token.setAudience('api://AzureADTokenExchange').setExpirationTime('24h').sign(privateKey)
  const tokenFile = join(directory, 'azure-identity-token')
  await writeFile(tokenFile, signed, { mode: 0o600 })
  return { credential: { issuer, subject, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }, tokenFile }
}
