package io.coatcheck.session.event;

/**
 * A credential of another system that a bridge accepts.
 *
 * @since 0.1.0
 */
public enum CredentialKind {
  /** A JSON Web Token that the application issued before it moved to sessions. */
  JWT,
  /** The cookie of Spring Session. */
  SPRING_SESSION,
  /** The cookie of the container's own session. */
  CONTAINER_SESSION,
  /** A logout token of an identity provider. */
  LOGOUT_TOKEN,
  /** Another one, which a bridge of the application accepts. */
  OTHER
}
