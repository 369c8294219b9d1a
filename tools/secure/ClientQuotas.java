import java.io.FileReader;
import java.util.*;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.*;

/**
 * Sets quotas of users, and prints those that the broker has then: lines of user, name and value, separated by tabs.
 * Arguments: a file of client properties, then user, name and value again and again. Exit 1 when the broker has others
 * half a minute later.
 */
class ClientQuotas {
  public static void main(String[] args) throws Exception {
    var properties = new Properties();
    try (var file = new FileReader(args[0])) {
      properties.load(file);
    }
    var wanted = new TreeMap<String, Map<String, Double>>();
    for (int at = 1; at < args.length; at += 3)
      wanted.computeIfAbsent(args[at], user -> new TreeMap<>()).put(args[at + 1], Double.valueOf(args[at + 2]));
    try (var admin = Admin.create(properties)) {
      var changes = new ArrayList<ClientQuotaAlteration>();
      wanted.forEach((user, quotas) -> {
        var operations = new ArrayList<ClientQuotaAlteration.Op>();
        quotas.forEach((name, value) -> operations.add(new ClientQuotaAlteration.Op(name, value)));
        changes.add(new ClientQuotaAlteration(new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user)), operations));
      });
      admin.alterClientQuotas(changes).all().get();
      var found = read(admin);
      for (int tries = 0; !found.equals(wanted) && tries < 60; tries += 1) {
        Thread.sleep(500);
        found = read(admin);
      }
      found.forEach((user, quotas) -> quotas.forEach((name, value) -> System.out.println(user + "\t" + name + "\t" + value)));
      if (!found.equals(wanted)) System.exit(1);
    }
  }

  static TreeMap<String, Map<String, Double>> read(Admin admin) throws Exception {
    var filter = ClientQuotaFilter.containsOnly(List.of(ClientQuotaFilterComponent.ofEntityType(ClientQuotaEntity.USER)));
    var found = new TreeMap<String, Map<String, Double>>();
    admin.describeClientQuotas(filter).entities().get().forEach(
      (entity, quotas) -> found.put(entity.entries().get(ClientQuotaEntity.USER), new TreeMap<>(quotas)));
    return found;
  }
}
