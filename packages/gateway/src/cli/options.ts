/** Options that more than one part of the command line reads. */

/** Options of the program itself, valid before and after the name of a command. */
export interface GlobalOptions {
  /** `--gateway URL` */
  readonly gateway?: string
  /** `--admin URL` */
  readonly admin?: string
  /** `--json` */
  readonly json?: boolean
}

export interface TokenOptions {
  /**
   * In the demonstration: the short name of a person or an application, as `alice`; default `carol`, who may read
   * everything. The names are also known at another gateway that accepts its tokens. Elsewhere: the account among those
   * that signed in here, as `alice@contoso.com`.
   */
  readonly as?: string | undefined
  /** Default: the scope that the gateway asks for. */
  readonly scope?: string | undefined
  /** True: a token that is kept from before does not do, because the gateway has refused it. */
  readonly renew?: boolean | undefined
}
