package io.coatcheck.session.servlet;

/**
 * How a token travels. It is chosen once for each request: by a header that carries a token, or
 * else it is the cookie; a login may choose anew. The token leaves only by the transport that was
 * chosen.
 *
 * @since 0.1.0
 */
public enum SessionTransport {
  /** In the cookie, which browsers keep and send by themselves. */
  COOKIE,

  /** In a header, which a program keeps and sends. No browser adds it to a forged request. */
  HEADER
}
