import type { Mistakes } from './mutation.ts'

const main = 'modules/redis/main.tf'

/** Mistakes in the module `redis`. */
export const redis: Mistakes = {
  written: [
    {
      mistake: 'keys of Redis are on',
      file: main,
      from: 'access_keys_authentication_enabled            = false',
      to: 'access_keys_authentication_enabled            = true',
      found: /access_keys_authentication_enabled of the database must be false/,
    },
    {
      mistake: 'nobody says that Redis evicts nothing',
      file: main,
      from: '    eviction_policy                               = "NoEviction"\n',
      to: '',
      found: /eviction_policy of the database must be NoEviction, and is undefined/,
    },
    {
      mistake: 'Redis has a public address',
      file: main,
      from: '"Disabled"',
      to: '"Enabled"',
      found: /public_network_access must be Disabled/,
    },
    {
      mistake: 'Redis is a cluster, and the configuration does not say so',
      file: main,
      from: '"NoCluster"',
      to: '"OSSCluster"',
      found: /clustering_policy of the database must be NoCluster/,
    },
    {
      mistake: 'the endpoint of Redis is that of the old product',
      file: main,
      from: '["redisEnterprise"]',
      to: '["redisCache"]',
      found: /the subresource must be redisEnterprise/,
    },
  ],
  computed: [
    {
      mistake: 'the zone of Redis is that of the old product',
      example: 'production',
      file: 'containers.tf',
      from: 'privatelink.redis.azure.net',
      to: 'privatelink.redis.cache.windows.net',
      found: /its zone must be/,
    },
    {
      mistake: 'Redis is of a size that is a cluster',
      example: 'production',
      file: 'examples/production/main.tf',
      from: 'Balanced_B3',
      to: 'Balanced_B50',
      found: /larger ones are clusters/,
    },
  ],
}
