import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.lucene.analysis.Analyzer;
import org.codelibs.opensearch.runner.node.OpenSearchRunnerNode;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.index.analysis.AnalyzerProvider;
import org.opensearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.opensearch.index.mapper.MapperExtrasModulePlugin;
import org.opensearch.index.reindex.ReindexModulePlugin;
import org.opensearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.transport.Netty4ModulePlugin;

/** A single OpenSearch node with the modules that the official distribution has and the shop uses. */
public class Node {
    /**
     * Every analyzer but Thai: the JVM from PyPI cannot segment that, and each new index tries all that there are.
     */
    public static class Analysis extends CommonAnalysisModulePlugin {
        @Override
        public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
            var all = new TreeMap<>(super.getAnalyzers());
            all.remove("thai");
            return all;
        }

        @Override
        public List<PreBuiltAnalyzerProviderFactory> getPreBuiltAnalyzerProviderFactories() {
            return super.getPreBuiltAnalyzerProviderFactories().stream()
                .filter(each -> !each.getName().equals("thai")).toList();
        }
    }

    /**
     * Runs until the process is told to end, or the one that started it has ended, however that was: then standard
     * input ends. Arguments: folder, HTTP port, transport port, and `temporary` where the folder goes with the process.
     */
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Settings settings = Settings.builder()
            .put("path.home", home)
            .put("http.port", arguments[1])
            .put("transport.port", arguments[2])
            .put("network.host", "127.0.0.1")
            .put("discovery.type", "single-node")
            .put("cluster.name", "commerce-graph")
            .put("node.name", "node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        var environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "node");
        var node = new OpenSearchRunnerNode(environment, List.of(
            Netty4ModulePlugin.class, Analysis.class, MapperExtrasModulePlugin.class,
            PainlessModulePlugin.class, ReindexModulePlugin.class));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
                if (arguments[3].equals("temporary")) {
                    remove(home);
                }
            } catch (Exception fault) {
                fault.printStackTrace();
            }
        }));
        var watching = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {}
            } catch (IOException fault) {
                fault.printStackTrace();
            }
            System.exit(0);
        });
        watching.setDaemon(true);
        watching.start();
        node.start();
        Thread.currentThread().join();
    }
    private static void remove(Path folder) throws IOException {
        try (var below = Files.walk(folder)) {
            for (Path each : below.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
