/** The values of the chart that `deploy/terraform` generates for a cluster. */
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

const annotation = 'service.beta.kubernetes.io/azure-load-balancer'

const timeouts = z.looseObject({ shutdownGrace: z.string().optional() })
const configuration = z.looseObject({
  gateway: z.looseObject({ timeouts: timeouts.optional() }),
  admin: z.looseObject({}),
  ledger: z.looseObject({}),
})
const values = z.looseObject({
  config: configuration,
  shutdownGraceSeconds: z.int(),
  service: z.looseObject({ type: z.string(), annotations: z.record(z.string(), z.string()) }),
})

/**
 * What is wrong with the values: a balancer that is public or forgets calls, or a configuration that is not the one
 * that the output `gateway_yaml` shows once the chart has added what it decides.
 */
export function brokenValues(valuesYaml: string, gatewayYaml: string): readonly string[] {
  const { config, service, shutdownGraceSeconds } = values.parse(parse(valuesYaml))
  const minutes = Number(service.annotations[`${annotation}-tcp-idle-timeout`])
  const expected = configuration.parse(parse(gatewayYaml))
  return [
    ...(service.type === 'LoadBalancer' && service.annotations[`${annotation}-internal`] === 'true'
      ? []
      : ['chart_values: the balancer must be internal']),
    ...(minutes >= 6 ? [] : ['chart_values: the balancer ends calls that are silent for 5 minutes']),
    ...(isDeepStrictEqual(asInstalled(config, shutdownGraceSeconds), expected)
      ? []
      : [`chart_values: the chart would make another configuration than gateway_yaml:\n${stringify(config)}`]),
  ]
}

/** As `gatehouse.config` of the chart's `_helpers.tpl` makes it. */
function asInstalled(config: z.infer<typeof configuration>, graceSeconds: number): unknown {
  const { gateway, admin, ledger } = config
  return {
    ...config,
    gateway: {
      ...gateway,
      ...{ listen: '0.0.0.0:8080', replica: '${env:POD_NAME}' },
      timeouts: { ...gateway.timeouts, shutdownGrace: `${graceSeconds}s` },
    },
    admin: { ...admin, listen: '0.0.0.0:8081' },
    ledger: { ...ledger, directory: '/var/lib/gatehouse/ledger' },
  }
}
