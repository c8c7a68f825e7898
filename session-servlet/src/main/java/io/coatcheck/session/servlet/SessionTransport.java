package io.coatcheck.session.servlet;

/**
 * How a token is sent. It is chosen once for each request: the header if that carries a token, or
 * else the cookie. A login may choose another one. The token is sent only by the chosen transport.
 *
 * @since 0.1.0
 */
public enum SessionTransport {
  /** In the cookie, which browsers keep and send by themselves. */
  COOKIE,

  /** In a header, which a program keeps and sends. No browser adds it to a forged request. */
  HEADER
}
