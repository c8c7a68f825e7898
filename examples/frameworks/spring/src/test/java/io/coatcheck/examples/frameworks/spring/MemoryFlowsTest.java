package io.coatcheck.examples.frameworks.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.test.clients.Visitor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("frameworks")
@DisplayName("Spring, on sessions in memory")
class MemoryFlowsTest implements SpringFlows {

  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    site = new Site(InMemorySessionStore.builder().build(), Shop.codec());
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  @Override
  public Site site() {
    return site;
  }

  @Override
  public boolean keepsBytes() {
    return false;
  }

  @Test
  @DisplayName("In memory a session-scoped bean with @PreDestroy is notified of the end")
  void preDestroy_isCalled() throws Exception {
    Visitor visitor = site.visitor();
    visitor.logIn("bob");
    assertThat(visitor.get("/lamp").body()).isEqualTo("on");
    int before = Lamp.SWITCHED_OFF.get();
    visitor.post("/logout");
    site.awaitQuiet();
    assertThat(Lamp.SWITCHED_OFF.get()).isEqualTo(before + 1);
  }
}
