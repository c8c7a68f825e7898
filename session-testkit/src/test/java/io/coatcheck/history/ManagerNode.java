package io.coatcheck.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionToken;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A node of this process, by its manager. */
record ManagerNode(SessionManager manager) implements HistoryNode {

  private static final String NUMBER = "number";

  @Override
  public OptionalInt read(String token) {
    Resolution resolution = manager.adapter().resolve(List.of(token));
    if (!(resolution instanceof Resolution.Live live)) {
      return OptionalInt.empty();
    }
    Object number = live.session().attribute(NUMBER);
    return OptionalInt.of(number == null ? 0 : Integer.parseInt((String) number));
  }

  @Override
  public String login(String user, @Nullable String token) {
    Session session = token == null ? null : live(token);
    LoginOutcome outcome = manager.authenticate(session, user, LoginOptions.defaults());
    return ((LoginOutcome.Granted) outcome).session().unsentToken().orElseThrow().value();
  }

  @Override
  public void write(String token, int number) {
    Session session = live(token);
    session.setAttribute(NUMBER, String.valueOf(number));
    assertThat(manager.save(session)).as("saved").isTrue();
  }

  @Override
  public void end(String token) {
    assertThat(manager.revoke(SessionToken.parse(token).orElseThrow().id())).isTrue();
  }

  @Override
  public OptionalInt endAllOf(String user, String token) {
    return OptionalInt.of(manager.revokeAllOf(user));
  }

  private Session live(String token) {
    Resolution resolution = manager.adapter().resolve(List.of(token));
    assertThat(resolution).as("nothing else changes it").isInstanceOf(Resolution.Live.class);
    return ((Resolution.Live) resolution).session();
  }
}
