package io.coatcheck.session.migration;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** Each node has copies of the new sessions. */
@Tag("wide")
class SpringSessionNearCacheTest extends SpringSessionH2Test {

  @Override
  List<SessionStore> stores() {
    return super.stores().stream()
        .<SessionStore>map(store -> NearCacheSessionStore.builder(store).build())
        .toList();
  }
}
