package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import java.util.Optional;
import org.h2.mvstore.MVStore;

/** The same store with the optional capabilities that concern principals. */
public final class IndexedMvSessionStore extends MvSessionStore {

  private final MvPrincipalIndex index;

  /**
   * Creates a store.
   *
   * @param store is not closed with it
   */
  public IndexedMvSessionStore(MVStore store) {
    super(store);
    index = new MvPrincipalIndex(maps);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(index);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(index);
  }
}
