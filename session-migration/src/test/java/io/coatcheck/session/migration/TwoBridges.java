package io.coatcheck.session.migration;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** An application that has moved from two systems: one bridge is mapped before the other. */
record TwoBridges(Filter first, Filter second) implements Filter {

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    first.doFilter(
        request, response, (passed, answered) -> second.doFilter(passed, answered, chain));
  }

  /** Returns what accepts tokens such as {@code alice.1}, for an hour. */
  static TokenVerifier verifier(InstantSource clock) {
    return token ->
        Optional.of(
            VerifiedToken.of(
                token.substring(0, token.indexOf('.')),
                "issuer",
                token,
                clock.instant(),
                clock.instant().plus(Duration.ofHours(1))));
  }
}
