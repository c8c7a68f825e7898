package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The user whom the container has authenticated for a request, and whether an anonymous Coatcheck
 * session belongs to that user. A container authenticates before any filter, so the session may
 * have been another client's until then. The user for whom it got its secret is recorded in the
 * session itself, for every node.
 *
 * <p>A session without a user becomes this user's, with a new secret and with its content. A
 * session of another user, or of a user where the request has none, is withheld from the request. A
 * session with a principal logged in through Coatcheck belongs to that principal, whatever user the
 * container has.
 *
 * <p>Thread-safe. Never used under a lock, since it calls the container and earlier filters.
 */
final class ContainerUser {

  /** The attribute that names the container's user to whom the session belongs. */
  private static final String ATTRIBUTE = ContainerUser.class.getPackageName() + ".renewedFor";

  private volatile @Nullable String name;

  /** A live session that belongs to another user. */
  private volatile @Nullable Session withheld;

  ContainerUser(@Nullable String name) {
    this.name = name;
  }

  /** How a session relates to the user. */
  enum Relation {
    /** It belongs to this user, or to no user where there is none. */
    OWN,
    /** It has belonged to no user so far. */
    UNOWNED,
    /** It belongs to another user, or to a user where there is none now. */
    OTHER_USER
  }

  /**
   * Returns the user of a request as seen below the filters of Coatcheck; null if there is none.
   */
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
   * Returns the name of the user at the start of a dispatch; null if there is none. There, the
   * container need not have authenticated a user. A container that fails, as Jetty does for
   * credentials that are not Base64, has authenticated no user; the application gets that failure
   * when it calls the container.
   */
  static @Nullable String ofDispatch(HttpServletRequest request) {
    try {
      return of(request);
    } catch (RuntimeException e) {
      LOG.debug("The container could not tell the user of a request: {}", e.getClass().getName());
      return null;
    }
  }

  /** Returns whether an attribute belongs to this class and not to the application. */
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

  /** Returns how a session relates to a user; null for no user. */
  static Relation relation(@Nullable String user, Session session) {
    // Nearly always there is neither. The principal is read second: it is in a separate object,
    // which a request that only reads attributes need not fetch from memory.
    Object known = session.attribute(ATTRIBUTE);
    if (Objects.equals(known, user) || session.principal().isPresent()) {
      return Relation.OWN;
    }
    return known == null ? Relation.UNOWNED : Relation.OTHER_USER;
  }

  /**
   * Assigns a session to this user, if there is one.
   *
   * @return whether it belongs to the user now; {@code false} if the session's limits leave no room
   */
  boolean take(Session session) {
    String user = name;
    if (user == null || session.principal().isPresent()) {
      return true;
    }
    try {
      session.setAttribute(ATTRIBUTE, user);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Withholds a session from this request. */
  void withhold(Session live) {
    withheld = live;
  }

  /** Returns the withheld session; null if there is none. */
  @Nullable Session withheld() {
    Session known = withheld;
    return known == null || known.isEnded() ? null : known;
  }

  /**
   * Ends the session that is withheld because it belongs to another user.
   *
   * @return how many sessions were ended
   */
  int endWithheld(SessionManager manager) {
    Session known = withheld();
    release();
    return known != null && manager.invalidate(known) ? 1 : 0;
  }

  /** Stops withholding: the session has ended, or is to be judged again. */
  void release() {
    withheld = null;
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "ContainerUser";
  }
}
