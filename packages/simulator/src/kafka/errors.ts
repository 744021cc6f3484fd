/** Error codes. https://kafka.apache.org/protocol#protocol_error_codes */
export const errorCode = {
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopic: 3,
  notLeader: 6,
  messageTooLarge: 10,
  unsupportedSasl: 33,
  unsupportedVersion: 35,
  outOfOrderSequence: 45,
  oldEpoch: 47,
  saslFailed: 58,
} as const
