package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.memory.InMemorySessionStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@Tag("frameworks")
@DisplayName("Spring with the presets, on sessions that are copied")
class CopyFlowsTest implements SpringFlows {

  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    site = new Site(InMemorySessionStore.builder().copyOnRead(true).build(), Shop.codec());
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  @Override
  public Site site() {
    return site;
  }
}
