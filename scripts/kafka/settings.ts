/** The settings of one node: https://kafka.apache.org/documentation/#configuration */

import { pathToFileURL } from 'node:url'

/** What a cluster with more than the plain listener needs. */
export interface KafkaSecurity {
  /** PEM, for `localhost` and 127.0.0.1. */
  readonly certificate: string
  readonly privateKey: string
  /** Users of PLAIN and SCRAM, with their passwords. */
  readonly users: Readonly<Record<string, string>>
  /** JSON Web Key Set with which tokens of OAUTHBEARER are verified. */
  readonly keys: string
  readonly issuer: string
  readonly audience: string
}

/** `plain` has neither TLS nor sign-in. `controller` is for the nodes alone. */
export const listeners = {
  plain: 'PLAINTEXT',
  controller: 'PLAINTEXT',
  tls: 'SSL',
  sasl: 'SASL_PLAINTEXT',
  sasltls: 'SASL_SSL',
} as const
export type Listener = keyof typeof listeners

/** Ports of a node by listener. */
export type Ports = Readonly<Partial<Record<Listener, number>>>

export interface NodeSettings {
  readonly node: number
  readonly nodes: number
  readonly ports: Ports
  /** `1@127.0.0.1:PORT,...`: every controller. */
  readonly voters: string
  readonly data: string
  readonly security: { readonly pem: string; readonly jwks: string; readonly given: KafkaSecurity } | null
  readonly properties: Readonly<Record<string, string>>
}

/** Text of `server.properties`. */
export function serverProperties(settings: NodeSettings): string {
  const { node, nodes, ports, voters, data, security, properties } = settings
  const names = Object.keys(ports) as Listener[]
  const all: Readonly<Record<string, string>> = {
    'process.roles': 'broker,controller',
    'node.id': String(node),
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: names.map(name => `${name.toUpperCase()}://127.0.0.1:${ports[name]}`).join(','),
    'listener.security.protocol.map': names.map(name => `${name.toUpperCase()}:${listeners[name]}`).join(','),
    'log.dirs': data,
    'num.partitions': '3',
    'default.replication.factor': String(nodes),
    'min.insync.replicas': String(Math.min(2, nodes)),
    'offsets.topic.replication.factor': String(nodes),
    'offsets.topic.num.partitions': '3',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    // A node that was killed is missed after this time, and may come back only then.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    ...(security === null ? {} : securityProperties(security)),
    ...properties,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function securityProperties({ pem, jwks, given }: NonNullable<NodeSettings['security']>): Record<string, string> {
  const shared = 'org.apache.kafka.common.security'
  const users = Object.entries(given.users).map(([name, password]) => `user_${name}="${password}"`)
  const jaas: Readonly<Record<string, string>> = {
    plain: `${shared}.plain.PlainLoginModule required ${users.join(' ')};`,
    'scram-sha-256': `${shared}.scram.ScramLoginModule required;`,
    'scram-sha-512': `${shared}.scram.ScramLoginModule required;`,
    oauthbearer: `${shared}.oauthbearer.OAuthBearerLoginModule required;`,
  }
  const ofListener = (listener: string): [string, string][] => [
    [`${listener}.sasl.enabled.mechanisms`, Object.keys(jaas).join(',').toUpperCase()],
    ...Object.entries(jaas).map(([name, text]): [string, string] => [`${listener}.${name}.sasl.jaas.config`, text]),
    [
      `${listener}.oauthbearer.sasl.server.callback.handler.class`,
      `${shared}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    ],
    [`${listener}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url`, String(pathToFileURL(jwks))],
    [`${listener}.oauthbearer.sasl.oauthbearer.expected.issuer`, given.issuer],
    [`${listener}.oauthbearer.sasl.oauthbearer.expected.audience`, given.audience],
  ]
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': pem,
    ...Object.fromEntries([...ofListener('listener.name.sasl'), ...ofListener('listener.name.sasltls')]),
  }
}
