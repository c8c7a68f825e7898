package io.coatcheck.session.spring;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.security.authentication.AccountStatusException;
import org.springframework.security.authentication.AccountStatusUserDetailsChecker;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsChecker;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;

/**
 * The users of the application as they are now, by the {@link UserDetailsService}. An answer may be
 * used again until it is as old as allowed. Safe for use by many threads.
 */
final class PrincipalUsers {

  static final Duration MAX_AGE = Duration.ofSeconds(5);

  /** How many users are remembered at once; more are looked up each time. */
  private static final int MAX_CACHED = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(PrincipalUsers.class);

  private final UserDetailsChecker accounts = new AccountStatusUserDetailsChecker();
  private final Map<String, Cached> cache = new ConcurrentHashMap<>();
  private final ObjectProvider<UserDetailsService> service;
  private final Duration maxAge;
  private final LongSupplier nanoTime;

  /**
   * Remembers no user yet, and looks none up.
   *
   * @param maxAge how long an answer is used again, from zero to {@link #MAX_AGE}
   * @param nanoTime as {@link System#nanoTime}, so setting the clock back does not extend an
   *     answer's life
   */
  PrincipalUsers(
      ObjectProvider<UserDetailsService> service, Duration maxAge, LongSupplier nanoTime) {
    if (maxAge.isNegative() || maxAge.compareTo(MAX_AGE) > 0) {
      throw new InvalidSettingException(
          "coatcheck.security.user-max-age: must be from 0 to 5 seconds: " + maxAge);
    }
    this.service = service;
    this.maxAge = maxAge;
    this.nanoTime = nanoTime;
  }

  /**
   * Returns the user, without the password if it is a {@link User}; empty if the service does not
   * know the name, or the account is disabled, locked or expired, or its password is. Any other
   * exception of the service is passed on.
   */
  Optional<UserDetails> find(String name) {
    if (maxAge.isZero()) {
      return load(name);
    }
    long now = nanoTime.getAsLong();
    Cached cached = cache.get(name);
    if (cached != null && cached.isFresh(now, maxAge)) {
      return Optional.of(cached.user());
    }
    Optional<UserDetails> loaded = load(name);
    if (loaded.isPresent()) {
      keep(name, new Cached(loaded.get(), now), now);
    } else {
      cache.remove(name);
    }
    return loaded;
  }

  /**
   * Checks at a login that later requests will find this user, with no more rights than the login
   * has.
   *
   * @throws SessionAuthenticationException if they will not
   */
  void require(Authentication login) {
    if (SecurityLogin.isSwitched(login)) {
      throw new SessionAuthenticationException(
          "coatcheck.security.context=principal cannot keep a user whom an administrator acts as");
    }
    if (login.getPrincipal() instanceof AuthenticatedPrincipal) {
      throw new SessionAuthenticationException(
          "coatcheck.security.context=principal keeps the user's name only, but this login needs"
              + " what its provider has asserted: "
              + login.getPrincipal().getClass().getName());
    }
    cache.remove(login.getName());
    Optional<UserDetails> user = find(login.getName());
    if (user.isEmpty()) {
      throw new SessionAuthenticationException(
          "coatcheck.security.context=principal needs a user whom the UserDetailsService knows, and"
              + " whose account is enabled");
    }
    Set<String> missing = AuthorityUtils.authorityListToSet(user.get().getAuthorities());
    missing.removeAll(AuthorityUtils.authorityListToSet(login.getAuthorities()));
    if (!missing.isEmpty()) {
      throw new SessionAuthenticationException(
          "coatcheck.security.context=principal gives the next request every authority of the user,"
              + " and this login withholds some: "
              + missing);
    }
  }

  private Optional<UserDetails> load(String name) {
    UserDetails user;
    try {
      user = service.getObject().loadUserByUsername(name);
      accounts.check(user);
    } catch (UsernameNotFoundException | AccountStatusException e) {
      LOG.debug("A user of a session has no account that may be used", e);
      return Optional.empty();
    }
    return Optional.of(withoutPassword(user));
  }

  /**
   * Copies a user of Spring Security's own class without the password. An object of another class
   * is left as it is: it is the application's, which may return it again, or write it back to its
   * database.
   */
  private static UserDetails withoutPassword(UserDetails user) {
    if (user.getClass() != User.class || user.getPassword() == null) {
      return user;
    }
    User copy =
        new User(
            user.getUsername(),
            "",
            user.isEnabled(),
            user.isAccountNonExpired(),
            user.isCredentialsNonExpired(),
            user.isAccountNonLocked(),
            user.getAuthorities());
    copy.eraseCredentials();
    return copy;
  }

  private void keep(String name, Cached user, long now) {
    if (cache.size() >= MAX_CACHED) {
      cache.values().removeIf(other -> !other.isFresh(now, maxAge));
    }
    if (cache.size() < MAX_CACHED || cache.containsKey(name)) {
      cache.put(name, user);
    }
  }

  /** A user with the time before the look-up. */
  private record Cached(UserDetails user, long asOf) {

    boolean isFresh(long now, Duration maxAge) {
      return now - asOf < maxAge.toNanos();
    }
  }
}
