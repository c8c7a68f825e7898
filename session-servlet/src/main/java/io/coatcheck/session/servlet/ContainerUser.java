package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The user that the container knows of a request, and whether an anonymous session of ours is that
 * user's. A container authenticates before any filter, so a session may have been another client's
 * until then: for whom it got its secret is kept in the session itself, on every node.
 *
 * <p>A session that nobody has authenticated for becomes the user's, with a new secret and with
 * what it holds. One of another user, or of a user where there is none now, is kept from the
 * request. A session that a principal of ours is logged in to is that principal's, whoever the
 * container knows.
 *
 * <p>Thread-safe, and never used under a lock: it calls the container, and filters in front of
 * ours.
 */
final class ContainerUser {

  /** Names the attribute that says for which of the container's users the session is. */
  private static final String ATTRIBUTE = ContainerUser.class.getPackageName() + ".renewedFor";

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private volatile @Nullable String name;

  /** A session that is live, and another user's. */
  private volatile @Nullable Session withheld;

  ContainerUser(@Nullable String name) {
    this.name = name;
  }

  /** What a session is to the user. */
  enum Relation {
    /** It is this user's, or nobody's where there is no user. */
    OWN,
    /** It was nobody's so far. */
    NOBODYS,
    /** It is another user's, or a user's where there is none now. */
    ANOTHERS
  }

  /** Returns the user of a request below filters of ours; null if there is none. */
  static @Nullable String of(HttpServletRequest request) {
    HttpServletRequest containers = SessionRequest.complete(request);
    String user = containers.getRemoteUser();
    if (user != null) {
      return user;
    }
    Principal principal = containers.getUserPrincipal();
    return principal == null ? null : Objects.requireNonNullElse(principal.getName(), "");
  }

  /**
   * As {@link #of}, where the container need not have authenticated a user just now. A container
   * that cannot tell, as Jetty with credentials that are no Base64, has authenticated nobody; what
   * asks it gets the failure.
   */
  static @Nullable String ofDispatch(HttpServletRequest request) {
    try {
      return of(request);
    } catch (RuntimeException e) {
      LOG.debug("The container could not tell the user of a request: {}", e.getClass().getName());
      return null;
    }
  }

  /** Returns whether an attribute is this class's, and none of the application's. */
  static boolean owns(String attribute) {
    return attribute.equals(ATTRIBUTE);
  }

  @Nullable String name() {
    return name;
  }

  void name(@Nullable String user) {
    name = user;
  }

  Relation to(Session session) {
    return relation(name, session);
  }

  /** Returns what a session is to a user; null for none. */
  static Relation relation(@Nullable String user, Session session) {
    // Nearly always there is neither. The principal comes second, since it is in an object of its
    // own, which a request that only reads attributes need not fetch from memory.
    Object known = session.attribute(ATTRIBUTE);
    if (Objects.equals(known, user) || session.principal().isPresent()) {
      return Relation.OWN;
    }
    return known == null ? Relation.NOBODYS : Relation.ANOTHERS;
  }

  /**
   * Makes a session this user's, if there is a user.
   *
   * @return whether it is; {@code false} if its limits leave no room
   */
  boolean take(Session session) {
    String user = name;
    if (user == null || session.principal().isPresent()) {
      return true;
    }
    try {
      session.attribute(ATTRIBUTE, user);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Keeps a session from this request. */
  void withhold(Session live) {
    withheld = live;
  }

  /** Returns the session that is withheld; null if there is none. */
  @Nullable Session withheld() {
    Session known = withheld;
    return known == null || known.isEnded() ? null : known;
  }

  /** Withholds nothing any more: it has ended, or is to be judged again. */
  void release() {
    withheld = null;
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "ContainerUser";
  }
}
