package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@Tag("frameworks")
@DisplayName("Spring with the presets, on a database with a near cache in front")
class NearCacheFlowsTest implements SpringFlows {

  private static JdbcConnectionPool pool;
  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    pool = JdbcConnectionPool.create("jdbc:h2:mem:near;DB_CLOSE_DELAY=-1", "sa", "");
    site = new Site(NearCacheSessionStore.wrap(H2FlowsTest.store(pool)), Shop.codec());
  }

  @AfterAll
  static void stop() {
    site.close();
    pool.dispose();
  }

  @Override
  public Site site() {
    return site;
  }
}
