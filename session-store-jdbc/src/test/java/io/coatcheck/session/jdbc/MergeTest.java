package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I4, I21: changes of parallel requests in a database")
@ParameterizedClass
@MethodSource("io.coatcheck.session.jdbc.Pool#eachDialect")
class MergeTest {

  @Parameter Pool pool;

  private Table table;
  private SessionManager manager;
  private String token;

  @BeforeEach
  void begin() {
    table = new Table(pool);
    manager = SessionManager.builder(table.store).cleanUpInterval(Duration.ZERO).build();
    Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
    session.setAttribute("list", new ArrayList<>(List.of("a")));
    manager.save(session);
    token = session.unsentToken().orElseThrow().value();
  }

  @AfterEach
  void close() {
    manager.close();
    table.close();
  }

  private Session live() {
    return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
  }

  @Test
  @DisplayName("B15: a change that was only found yields to one that was set")
  @SuppressWarnings("unchecked")
  void found_yieldsToSet() {
    Session reader = live();
    ((List<String>) reader.attribute("list")).add("computed");
    Session setter = live();
    setter.setAttribute("list", new ArrayList<>(List.of("set")));
    manager.save(setter);

    assertThat(manager.save(reader)).isTrue();

    assertThat(live().attribute("list")).isEqualTo(List.of("set"));
  }

  @Test
  @DisplayName("C3: a removal of what the request has not seen wins; where nothing is, no write")
  void removal_wins() {
    Session remover = live();
    Session setter = live();
    setter.setAttribute("x", "1");
    manager.save(setter);
    remover.removeAttribute("x");
    manager.save(remover);
    assertThat(live().attributeNames()).containsExactly("list");

    Session idle = live();
    idle.removeAttribute("x");
    table.watched.takeKinds();
    manager.save(idle);
    assertThat(table.watched.takeKinds()).containsExactly("SELECT");
  }

  @Test
  @DisplayName("B36: one object in two attributes is two in the next request")
  @SuppressWarnings("unchecked")
  void sharedObject_isTwo() {
    Session session = live();
    List<String> shared = new ArrayList<>(List.of("a"));
    session.setAttribute("one", shared);
    session.setAttribute("other", shared);
    manager.save(session);

    Session next = live();
    ((List<String>) next.attribute("one")).add("b");
    assertThat(next.attribute("other")).isEqualTo(List.of("a"));
    manager.save(next);

    assertThat(live().attribute("one")).isEqualTo(List.of("a", "b"));
    assertThat(live().attribute("other")).isEqualTo(List.of("a"));
  }

  @Test
  @DisplayName("B14: of what two read and then set, the last one stays, and a step sees both")
  void readThenSet_isNoStep() {
    Session one = live();
    Session other = live();
    one.setAttribute("n", 1);
    other.setAttribute("n", 1);
    manager.save(one);
    manager.save(other);
    assertThat(live().attribute("n")).isEqualTo(1);

    Session first = live();
    Session second = live();
    manager.update(first, "n", Integer.class, n -> n.orElse(0) + 1);
    manager.update(second, "n", Integer.class, n -> n.orElse(0) + 1);
    assertThat(live().attribute("n")).isEqualTo(3);
  }

  @Test
  @DisplayName("stores 23: three requests at once, each within 4 MiB: none fails")
  void largeOnes_neverFail() {
    List<Session> requests = IntStream.range(0, 3).mapToObj(i -> live()).toList();
    for (int i = 0; i < requests.size(); i++) {
      for (int j = 0; j < 3; j++) {
        requests.get(i).setAttribute("a" + i + j, new byte[1_000_000]);
      }
      manager.save(requests.get(i));
    }

    assertThat(live().attributeNames()).hasSize(5);
  }
}
