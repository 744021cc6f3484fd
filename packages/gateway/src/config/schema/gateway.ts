/** Section `gateway`: the data plane. */
import { z } from 'zod'
import { addressRanges, duration, httpUrl, listen, name } from './common.ts'

/** Value of the header `Origin`: of a page over TLS, or of a page on the developer's own machine. */
const pageOrigin = z
  .string()
  .regex(
    /^(?:https:\/\/[a-z0-9._-]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?$/,
    'https://HOST or https://HOST:PORT in lower case without a path, or http://localhost:PORT',
  )
  .refine(text => URL.parse(text)?.origin === text, 'as browsers send it, without the port that the scheme has anyway')
  .meta({ title: 'origin' })

const headerName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header field, as x-company-team')
  .toLowerCase()
  .meta({ title: 'header name' })

export const gateway = z.strictObject({
  listen: listen.default('127.0.0.1:8080').describe('Address and port on which clients call. Port 0 takes a free one.'),
  replica: name
    .optional()
    .describe('Name of this process in records and among its replicas. Default: the name of its host.'),
  publicUrl: httpUrl
    .optional()
    .describe(
      'Address that clients see, for the protected-resource metadata (RFC 9728). Default: from the Host header of the request.',
    ),
  cors: z
    .strictObject({
      origins: z
        .array(pageOrigin)
        .max(1_000)
        .default([])
        .describe(
          'Origins whose pages may call from a browser, exactly as browsers send them. There is no wildcard. A page needs a token, as every client does.',
        ),
    })
    .prefault({})
    .describe('Calls from pages in browsers (CORS). None are possible unless listed.'),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(1_073_741_824)
    .default(33_554_432)
    .describe(
      'Largest request body, in bytes, also after decompression; larger ones are answered 413. Multipart uploads are streamed and count against `uploadBytesMax`.',
    ),
  bodyBytesInFlight: z
    .int()
    .min(65_536)
    .max(1_099_511_627_776)
    .default(536_870_912)
    .describe(
      'Bytes of request bodies in memory at once, of all running calls: as they came, decompressed, and as they are sent. Above it, further bodies wait for up to 5 s, then get 503. At least 3 times `bodyBytesMax`.',
    ),
  bodyBytesInFlightPerCaller: z
    .int()
    .min(65_536)
    .max(1_099_511_627_776)
    .default(268_435_456)
    .describe(
      'The same for the calls of one caller; bodies up to 16 KiB are not counted here. At least 3 times `bodyBytesMax`.',
    ),
  uploadBytesMax: z
    .int()
    .min(1_024)
    .max(10_737_418_240)
    .default(536_870_912)
    .describe('Largest multipart upload, in bytes; larger ones are answered 413 or cut.'),
  connectionsMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Client connections at once; further ones are closed.'),
  trustForwardedFor: z
    .boolean()
    .default(false)
    .describe('Take the client address from the last entry of X-Forwarded-For. Only behind a proxy that writes it.'),
  trustedProxies: z
    .array(addressRanges)
    .default([])
    .describe(
      'Addresses of further proxies, as `10.0.2.0/24`. Their entries in X-Forwarded-For are skipped, beginning with the last. Each proxy adds the address that connects to it.',
    ),
  forwardHeaders: z
    .array(headerName)
    .default([])
    .describe(
      'Request header fields that reach instances besides those known to be harmless (docs/clients/README.md lists them). Everything else that a client sends is removed. Credentials, fields of the connection, and fields that name another deployment, another address or another caller cannot be listed. Take care: a field such as x-policy-id chooses another content filter of the resource.',
    ),
  timeouts: z
    .strictObject({
      requestHeaders: duration('1s', '5m', '30s').describe(
        'Time in which a client must have sent its request headers.',
      ),
      requestBody: duration('1s', '1h', '2m').describe(
        'Time in which a client must have sent its request body; 408 after it. For an upload, the longest pause.',
      ),
      connect: duration('100ms', '2m', '10s').describe('Time to connect to an instance; 504 after it.'),
      firstByte: duration('1s', '1h', '5m').describe(
        'Time from sending a request to the first byte of the answer; 504 after it.',
      ),
      streamIdle: duration('1s', '1h', '2m').describe(
        'Longest silence between two chunks of an answer; after it, the answer is cut.',
      ),
      readOn: duration('0s', '10m', '10s').describe(
        'How long the gateway reads an answer to its usage after the client left, so that leaving early hides no cost. The instance works for that time. If the end is not reached, the call is charged at least at what was reserved, and marked `bounded`. `0s` switches this off.',
      ),
      total: duration('1s', '24h', '30m').describe('Longest duration of one call; after it, 504 or a cut answer.'),
      keepAlive: duration('1s', '1h', '75s').describe('How long an idle client connection stays open.'),
      shutdownGrace: duration('1s', '1h', '60s').describe('How long SIGTERM waits for running calls.'),
    })
    .prefault({})
    .describe('How long each part of a call may take.'),
})
