/** Kinds of feeds that the demonstration can ship into. The command line shows them, so this file imports nothing. */
export const demoFeedKinds = ['files', 'parquet', 'event-hubs', 'kafka', 'otlp'] as const
export type DemoFeedKind = (typeof demoFeedKinds)[number]
