package io.coatcheck.benchmarks.boot;

import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;

/** A user of a class of the application, as many applications have. Immutable. */
final class Member extends User {

  private static final long serialVersionUID = 1;

  private final int points;

  Member(UserDetails user, int points) {
    super(user.getUsername(), user.getPassword(), user.getAuthorities());
    this.points = points;
  }

  int points() {
    return points;
  }
}
