/** One servlet filter that puts Coatcheck behind {@code request.getSession()}. */
module io.coatcheck.session.servlet {
  requires static org.jspecify;
  requires transitive io.coatcheck.session;
  requires transitive jakarta.servlet;
  requires com.github.benmanes.caffeine;
  requires org.slf4j;

  exports io.coatcheck.session.servlet;
}
